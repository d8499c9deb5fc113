element.addEventListener("click", (event) => {
  const chosen = event.target.closest("[data-index]");
  if (chosen) trigger("choose", { index: Number(chosen.dataset.index) });
});
