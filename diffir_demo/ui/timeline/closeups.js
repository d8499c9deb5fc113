// Where the photo, or the picture of the chosen step, and the result differ most, enlarged: pairs side by side.

let drawn = "";                  // what stands there; made anew only where it changes

function renderCloseups() {
  const own = row()?.closeups, all = [value()?.closeups, own].filter(Boolean), stamp = JSON.stringify(all);
  find(".closeups").hidden = !all.length;
  if (stamp === drawn) return;
  drawn = stamp;
  find(".pairs").replaceChildren(...all.map(group));
}

function group({ title, pairs, nothing, times }) {
  const box = document.createElement("div");
  if (nothing) box.appendChild(document.createElement("p")).textContent = nothing;
  const list = box.appendChild(Object.assign(document.createElement("div"), { className: "rows" }));
  list.append(...pairs.map((pair) => {
    const figure = document.createElement("figure");
    const two = figure.appendChild(Object.assign(document.createElement("div"), { className: "two" }));
    two.append(enlarged(pair, pair.before.url, title, times), enlarged(pair, pair.after.url, props.words.final, times));
    figure.appendChild(document.createElement("figcaption")).textContent = pair.text;
    return figure;
  }));
  return box;
}

function enlarged({ width, height }, url, name, times) {
  const box = Object.assign(document.createElement("div"), { className: "enlarged" });
  const image = box.appendChild(new Image(times * width, times * height));
  Object.assign(image, { src: url, alt: filled(props.words.closeup_of, { title: name }) });
  Object.assign(image.style, { width: `${times * width}px`, height: `${times * height}px` });
  box.append(line(name));
  return box;
}
