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
