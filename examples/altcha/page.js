const state = document.querySelector("#state");

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Tries numbers until PBKDF2 over the nonce and the number starts with the digits of the challenge.
async function solve(challenge) {
  const { nonce, salt, cost, keyLength, keyPrefix } = challenge.parameters;
  const password = new Uint8Array([...bytes(nonce), 0, 0, 0, 0]);
  const number = new DataView(password.buffer, password.length - 4);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  for (let counter = 0; ; counter += 1) {
    number.setUint32(0, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derivedKey = hex(await crypto.subtle.deriveBits(algorithm, key, keyLength * 8));
    if (derivedKey.startsWith(keyPrefix)) return btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
  }
}

// Sends a request, and again with the solution if the service asks for one.
async function send(url, options) {
  const response = await fetch(url, options);
  if (response.status !== 403) return response;
  const { detail } = await response.clone().json();
  if (detail.code !== "CHALLENGE_REQUIRED") return response;
  state.textContent = "Please wait: your browser is solving a challenge.";
  const solution = await solve(detail.challenge);
  return fetch(url, { ...options, headers: { ...options.headers, "challenge-solution": solution } });
}

document.querySelector("#register").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)));
  const headers = { "content-type": "application/json" };
  const response = await send("/auth/register", { method: "POST", headers, body });
  if (response.ok) {
    state.textContent = `Welcome, ${(await response.json()).email}!`;
  } else {
    const { detail } = await response.json();
    state.textContent = detail.reason ?? detail.code ?? (typeof detail === "string" ? detail : detail[0].msg);
  }
});
