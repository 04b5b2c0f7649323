// The browser attaches the cookie to each of these and tells the service which page asks: nothing to store, nothing to add.
const who = document.querySelector("#who");

async function show(problem) {
  const me = await fetch("/users/me");
  const user = me.ok ? await me.json() : null;
  who.textContent = problem ?? (user ? `Hello, ${user.full_name ?? user.email}!` : "Nobody is logged in.");
  document.querySelector("#login").hidden = user !== null;
  document.querySelector("#sign").hidden = user === null;
  document.querySelector("#logout").hidden = user === null;
}

async function told(answer) {
  if (answer.ok) return undefined;
  const { detail } = await answer.json();
  return detail.reason ?? detail.code ?? (typeof detail === "string" ? detail : detail[0].msg);
}

document.querySelector("#login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  if (event.submitter?.value === "register") {
    const body = JSON.stringify({ email: form.get("username"), password: form.get("password") });
    const headers = { "content-type": "application/json" };
    const problem = await told(await fetch("/auth/register", { method: "POST", headers, body }));
    if (problem) return show(problem);
  }
  const answer = await fetch("/auth/cookie/login", { method: "POST", body: new URLSearchParams(form) });
  await show(await told(answer));
});

document.querySelector("#logout").addEventListener("click", async () => {
  await show(await told(await fetch("/auth/cookie/logout", { method: "POST" })));
});

show();
