// Screen readers hear what the status line says, but not every percent of it. The line itself is made anew with each
// update, which many of them miss; this region stays.
const heard = document.createElement("div");
heard.className = "heard";
heard.setAttribute("role", "status");
element.after(heard);
watch("value", () => setTimeout(() => {
  const text = (element.querySelector(".status span")?.textContent || "").replace(/: \d+ %$/, "");
  if (text !== heard.textContent) heard.textContent = text;
}));
// What the line offers beside its sentence is a button of the page, pressed from here.
element.addEventListener("click", ({ target }) => {
  const wanted = target.closest("[data-press]")?.dataset.press;
  const there = wanted && document.querySelector(wanted);
  there?.click();
  there?.scrollIntoView({ block: "nearest" });
});
