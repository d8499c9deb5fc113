// Before every component's own script.

// "{count} photos" and { count: 3 } -> "3 photos"
const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);

// 0.5, 1 -> "0.5", or "0,5" where the page's language writes it so
const decimals = (number, digits) => Number(number).toLocaleString(document.documentElement.lang || "en", {
  minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false,
});
