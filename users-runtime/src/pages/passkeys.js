// Asks the authenticator for what a form needs, and sends the form with it. Forms for passkeys are hidden without this script.
"use strict";

const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const toBase64 = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

// The options with bytes, as older browsers without `parseCreationOptionsFromJSON` need them.
function withBytes(options) {
  const described = (list) => (list || []).map((one) => ({ ...one, id: fromBase64(one.id) }));
  const bytes = { ...options, challenge: fromBase64(options.challenge) };
  if (options.user) bytes.user = { ...options.user, id: fromBase64(options.user.id) };
  if (options.excludeCredentials) bytes.excludeCredentials = described(options.excludeCredentials);
  if (options.allowCredentials) bytes.allowCredentials = described(options.allowCredentials);
  return bytes;
}

function toJson(credential) {
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const parts = names.filter((name) => credential.response[name]);
  const response = Object.fromEntries(parts.map((name) => [name, toBase64(credential.response[name])]));
  return JSON.stringify({ id: credential.id, rawId: credential.id, type: credential.type, response });
}

// The request that waits for autofill. A browser has one request at a time.
let waiting = null;

async function ask(form, mediation) {
  if (waiting) waiting.abort();
  const { kind, options } = JSON.parse(form.dataset.passkey);
  const request = { publicKey: withBytes(options) };
  if (mediation) {
    waiting = new AbortController();
    Object.assign(request, { mediation, signal: waiting.signal });
  }
  const credential = await (kind === "create" ? navigator.credentials.create(request) : navigator.credentials.get(request));
  form.elements.credential.value = toJson(credential);
  form.submit();
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const failed = form.querySelector(".passkey-failed");
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      failed.hidden = true;
      ask(form).catch(() => {
        failed.hidden = false;
      });
    });
  }
  const offered = document.querySelector("form[data-passkey][data-autofill]");
  const isPossible = PublicKeyCredential.isConditionalMediationAvailable;
  if (offered && isPossible) {
    isPossible.call(PublicKeyCredential).then((possible) => possible && ask(offered, "conditional").catch(() => {}));
  }
}
