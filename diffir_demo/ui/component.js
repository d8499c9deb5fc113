// Before every component's own script.

// "{count} photos" and { count: 3 } -> "3 photos"
const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

// 0.5, 1 -> "0.5", or "0,5" where the page's language writes it so
const decimals = (number, digits) => formatter(document.documentElement.lang || "en", digits).format(number);
function formatter(language, digits) {
  const made = (globalThis.diffirNumbers ??= new Map()), key = `${language} ${digits}`;  // one takes longer than many numbers
  if (!made.has(key)) made.set(key, new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }));
  return made.get(key);
}
