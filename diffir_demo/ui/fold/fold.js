const button = element.querySelector(".fold");
const column = element.closest(".foldable");
column?.classList.add("folded");
button.addEventListener("click", () => {
  const folded = column.classList.toggle("folded");
  button.setAttribute("aria-expanded", String(!folded));
});
