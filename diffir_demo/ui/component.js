// Before every component's own script.

// "{count} photos" and { count: 3 } -> "3 photos"
const filled = (text, facts) => text.replace(/\{(\w+)\}/g, (whole, name) => facts[name] ?? whole);
