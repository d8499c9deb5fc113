// The table of the methods, and the tags that name the panes.

// What is measured is folded away at first, and stays as this browser left it.
const KEPT = "diffir-measured", measured = one(".measured");
try { measured.open = localStorage.getItem(KEPT) === "open"; } catch { /* folded, then */ }
measured.addEventListener("toggle", () => {
  root.toggleAttribute("data-measured", measured.open);
  try { localStorage.setItem(KEPT, measured.open ? "open" : ""); } catch { /* for this visit, then */ }
});
const tags = LETTERS.map(makeTag);

function make(kind, className, text) {
  const node = document.createElement(kind);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function makeTag(letter, index) {
  const tag = one(".tags").appendChild(make("div", "tag"));
  tag.append(make("b", "", letter));
  const select = tag.appendChild(make("select"));
  select.setAttribute("aria-label", filled(words.pane, { letter }));
  select.addEventListener("change", () => choose(index, select.value));
  const facts = tag.appendChild(make("span", "facts"));
  const close = tag.appendChild(make("button", "close", "×"));
  close.type = "button";
  close.title = words.remove;
  close.setAttribute("aria-label", `${words.remove}: ${letter}`);
  close.addEventListener("click", () => removePane(index));
  return { tag, select, facts, close };
}

function nameOf(each) {
  if (each.view) return each.title;
  return each.key === asked ? `${each.title}: ${words.waiting}` : filled(words.not_run, each);
}

function factsOf(key) {
  const each = method(key);
  if (!each?.view) return "";
  const first = each.scores.findIndex(Boolean);
  const unit = first >= 0 && value.columns[first].title.endsWith("dB") ? " dB" : "";
  const score = first < 0 ? "" : each.scores[first].text + unit;
  return [each.time, score, each.view.token ? words.preview : ""].filter(Boolean).join(" · ");
}

function showTags() {
  tags.forEach(({ tag, select, facts, close }, index) => {
    const rect = rects[mode === "side" ? index : 0], key = chosen[index];
    tag.hidden = index >= panes().length;
    if (tag.hidden) return;
    const names = value.methods.map(nameOf);
    if (select.dataset.names !== names.join("|")) {
      select.dataset.names = names.join("|");
      select.replaceChildren(...value.methods.map((each, i) => new Option(names[i], each.key)));
    }
    select.value = key;
    facts.textContent = factsOf(key);
    close.hidden = mode !== "side" || panes().length < 3;
    const right = mode !== "side" && index === 1;
    tag.style.top = `${rect.y + 8}px`;
    tag.style.left = right ? "auto" : `${rect.x + 8}px`;
    tag.style.right = right ? "8px" : "auto";
    tag.style.maxWidth = `${(mode === "side" ? rect.w : rect.w / 2) - 14}px`;
  });
}

function lettersOf(each) {
  return panes().map((key, index) => {
    const letter = LETTERS[index], button = make("button", "letter", letter);
    button.type = "button";
    button.dataset.id = `${each.key} ${letter}`;
    button.title = filled(words.show_in, { title: each.title, letter });
    button.setAttribute("aria-label", button.title);
    button.setAttribute("aria-pressed", String(key === each.key));
    button.addEventListener("click", () => choose(index, each.key));
    return button;
  });
}

function timeOf(each) {
  const cell = make("td", "", each.view ? each.time || "–" : "");
  if (each.view) return cell;
  if (each.key === asked) { cell.textContent = words.waiting; return cell; }
  const button = cell.appendChild(make("button", "run", words.run));
  button.type = "button";
  button.dataset.id = `${each.key} run`;
  button.setAttribute("aria-label", filled(words.run_long, each));
  button.title = button.getAttribute("aria-label");
  button.addEventListener("click", () => choose(0, each.key));
  return cell;
}

function rowOf(each) {
  const row = make("tr"), name = row.appendChild(make("th"));
  name.scope = "row";
  name.title = each.note;
  name.append(...lettersOf(each), make("span", "name", each.title));
  row.append(timeOf(each));
  value.columns.forEach((column, i) => {
    const score = each.scores[i];
    row.append(make("td", score?.best ? "best" : "", score ? score.text : "–"));
  });
  return row;
}

function headOf() {
  const row = make("tr");
  const columns = [{ title: words.method, note: "" }, { title: words.time, note: "" }, ...value.columns];
  for (const { title, note } of columns) {
    const cell = row.appendChild(make("th", "", title));
    cell.scope = "col";
    cell.title = note;
  }
  return row;
}

function showTable() {
  const focused = one(".scores").contains(document.activeElement) ? document.activeElement.dataset.id : null;
  const table = make("table"), head = make("thead"), body = make("tbody");
  head.append(headOf());
  body.append(...value.methods.map(rowOf));
  table.append(head, body);
  one(".scores").replaceChildren(table, ...value.notes.map((text) => make("p", "", text)));
  if (focused) one(".scores").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}
