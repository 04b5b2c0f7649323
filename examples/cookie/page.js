// The browser adds the cookie and the origin headers to each request, so the page stores and adds nothing.
const who = document.querySelector("#who");

async function show(problem) {
  const me = await fetch("/users/me");
  const user = me.ok ? await me.json() : null;
  who.textContent = problem ?? (user ? `Hello, ${user.full_name ?? user.email}!` : "You are not logged in.");
  document.querySelector("#login").hidden = user !== null;
  document.querySelector("#sign").hidden = user === null;
  document.querySelector("#logout").hidden = user === null;
}

async function problemOf(response) {
  if (response.ok) return undefined;
  const { detail } = await response.json();
  return detail.reason ?? detail.code ?? (typeof detail === "string" ? detail : detail[0].msg);
}

document.querySelector("#login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  if (event.submitter?.value === "register") {
    const body = JSON.stringify({ email: form.get("username"), password: form.get("password") });
    const headers = { "content-type": "application/json" };
    const problem = await problemOf(await fetch("/auth/register", { method: "POST", headers, body }));
    if (problem) return show(problem);
  }
  const response = await fetch("/auth/cookie/login", { method: "POST", body: new URLSearchParams(form) });
  await show(await problemOf(response));
});

document.querySelector("#logout").addEventListener("click", async () => {
  await show(await problemOf(await fetch("/auth/cookie/logout", { method: "POST" })));
});

show();
