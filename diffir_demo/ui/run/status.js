// Screen readers read out what the status line says, but not every percent of it. The line itself is made anew with each
// update, which many of them miss; this region stays.
const spoken = document.createElement("div");
spoken.className = "spoken";
spoken.setAttribute("role", "status");
element.after(spoken);
watch("value", () => setTimeout(() => {
  const text = (element.querySelector(".status span")?.textContent || "").replace(/: \d+ %$/, "");
  if (text !== spoken.textContent) spoken.textContent = text;
}));
// What the line offers beside its sentence is a button of the page, pressed from here.
element.addEventListener("click", ({ target }) => {
  const wanted = target.closest("[data-press]")?.dataset.press;
  const there = wanted && document.querySelector(wanted);
  there?.click();
  there?.scrollIntoView({ block: "nearest" });
});
