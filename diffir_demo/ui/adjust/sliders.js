// Sliders that say how far an IPR is moved, in standard deviations of the kinds of damage that it can be read for. Runs in the scope of the component that
// names it among its scripts. A press that only begins a double-click is not taken for a release.

const CALMED = { pointer: 300, keys: 700 };      // milliseconds that the sliders rest before they count as let go

// host: an element. hooks: moving(amounts) with every change, settled(amounts) once the sliders rest.
function makeSliders(host, texts, hooks) {
  const rows = new Map();
  let resting = 0, settled = "{}", how = "pointer", held = false;
  const make = (kind, className, text = "") => Object.assign(document.createElement(kind), { className, textContent: text });
  const back = Object.assign(make("button", "back", texts.back), { type: "button" });

  function amounts() {
    return Object.fromEntries([...rows].map(([name, { input }]) => [name, Number(input.value)]).filter(([, amount]) => amount));
  }

  function showAmounts() {
    for (const { input, output } of rows.values()) {
      const amount = Number(input.value), size = decimals(Math.abs(amount), 1);
      output.textContent = amount ? `${amount > 0 ? "+" : "−"}${size}` : texts.as_read;
      const spoken = amount > 0 ? texts.spoken_more : texts.spoken_less;
      input.setAttribute("aria-valuetext", amount ? filled(spoken, { amount: size }) : texts.spoken_as_read);
    }
    back.disabled = !Object.keys(amounts()).length;
  }

  function rest(milliseconds) {
    clearTimeout(resting);
    resting = setTimeout(() => {
      resting = 0;
      const now = JSON.stringify(amounts());
      if (now === settled || !element.isConnected) return;
      settled = now;
      hooks.settled(amounts());
    }, milliseconds);
  }

  function zero(inputs) {
    for (const input of inputs) input.value = 0;
    showAmounts();
    hooks.moving(amounts());
    rest(0);
  }

  function addRow({ name, label }, furthest) {
    const row = make("label", "slide"), input = make("input", ""), output = make("output", "");
    Object.assign(input, { type: "range", min: -furthest, max: furthest, step: 0.1, value: 0 });
    input.dataset.name = name;
    const track = make("span", "track");
    track.append(input);
    row.append(make("span", "name", label), make("span", "end", texts.less), track, make("span", "end", texts.more), output);
    input.setAttribute("aria-label", label);
    input.addEventListener("pointerdown", () => { how = "pointer"; held = true; clearTimeout(resting); });
    input.addEventListener("keydown", () => { how = "keys"; });
    input.addEventListener("input", () => { showAmounts(); hooks.moving(amounts()); });
    for (const end of ["change", "pointerup", "pointercancel"]) input.addEventListener(end, () => {
      held = false;
      rest(CALMED[how]);
    });
    input.addEventListener("dblclick", () => zero([input]));
    rows.set(name, { row, input, output });
  }

  back.addEventListener("click", () => zero([...rows.values()].map(({ input }) => input)));
  const isHeld = () => held || resting !== 0;
  return {
    amounts,
    isHeld,
    // Back to the estimate, without a word to anybody.
    clear() {
      clearTimeout(resting);
      resting = 0;
      settled = "{}";
      for (const { input } of rows.values()) input.value = 0;
      showAmounts();
    },
    // wanted: [{ name, label, amount }] as the server knows them. What is held stays where it is.
    show(wanted, furthest) {
      if (wanted.map(({ name }) => name).join() !== [...rows.keys()].join()) {
        rows.clear();
        wanted.forEach((each) => addRow(each, furthest));
        host.replaceChildren(...[...rows.values()].map(({ row }) => row), back);
      }
      settled = JSON.stringify(Object.fromEntries(wanted.map(({ name, amount }) => [name, amount]).filter(([, amount]) => amount)));
      if (isHeld()) return;
      for (const { name, amount } of wanted) rows.get(name).input.value = amount;
      showAmounts();
    },
  };
}
