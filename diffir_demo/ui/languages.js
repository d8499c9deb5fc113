// The menu of languages. The choice is a cookie, which the server reads with every request; the page is asked for anew,
// and takes up the photo where it was.
const select = element.querySelector("select");
document.documentElement.lang = props.current;
for (const [code, name] of Object.entries(props.languages)) {
  const option = new Option(name, code, code === props.current, code === props.current);
  option.lang = code;
  select.append(option);
}
select.addEventListener("change", () => {
  const isRunning = document.querySelector(':is(button[id$="-cancel"], button[id$="-stop"]):not(:disabled), body[data-plan]');
  if (isRunning && !confirm(props.running)) { select.value = props.current; return; }
  const foreign = location.protocol === "https:" ? "SameSite=None; Secure; Partitioned" : "SameSite=Lax";  // a Space is a frame
  document.cookie = `${props.cookie}=${select.value}; path=/; max-age=31536000; ${foreign}`;
  location.reload();
});
