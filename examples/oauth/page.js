// A login is two redirects: to the provider, and back to this page with a cookie, or with `?error=CODE`.
const who = document.querySelector("#who");

async function show() {
  const me = await fetch("/users/me");
  const user = me.ok ? await me.json() : null;
  const error = new URLSearchParams(location.search).get("error");
  who.textContent = user ? `Hello, ${user.email}!` : (error ?? "You are not logged in.");
  document.querySelector("#login").hidden = user !== null;
  document.querySelector("#logout").hidden = user === null;
}

document.querySelector("#login").addEventListener("click", async () => {
  const { authorization_url: url } = await (await fetch("/auth/provider/authorize")).json();
  location.assign(url);
});

document.querySelector("#logout").addEventListener("click", async () => {
  await fetch("/auth/cookie/logout", { method: "POST" });
  await show();
});

show();
