// Solves the challenge of a form while the user fills it in. The form is sent when both are done.
"use strict";

const form = document.querySelector("form[data-challenge]");
const challenge = form && JSON.parse(form.dataset.challenge);

const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
const hex = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

// Tries numbers until PBKDF2 over the nonce and the number starts with the digits of the challenge.
async function solve({ nonce, salt, cost, keyLength, keyPrefix }) {
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

if (challenge && challenge.parameters && window.crypto && crypto.subtle) {
  const status = form.querySelector(".challenge");
  status.hidden = false;
  let isWanted = false;
  const wait = (event) => {
    event.preventDefault();
    isWanted = true;
  };
  form.addEventListener("submit", wait);
  solve(challenge.parameters).then((solution) => {
    form.elements["challenge-solution"].value = solution;
    status.textContent = status.dataset.ready;
    form.removeEventListener("submit", wait);
    if (isWanted) form.submit();
  });
}
