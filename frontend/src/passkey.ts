// Passkeys on the pages that use them: a form with `data-passkey` asks the node for options, the authenticator for a credential, and goes on
// as any other form. Own entry, so that no other page loads it.

type Encoded = { id: string; type: "public-key"; transports?: AuthenticatorTransport[] };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

function text(buffer: ArrayBuffer | null | undefined): string | undefined {
  if (!buffer) return undefined;
  const plain = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const decoded = (listed: Encoded[] | undefined) => (listed ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

async function options(url: string): Promise<any> {
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(), credentials: "same-origin" });
  if (answer.redirected) location.assign(answer.url); // a proof is wanted first
  if (answer.redirected || !answer.ok) throw new Error(`options: ${answer.status}`);
  return answer.json();
}

async function created(url: string): Promise<object> {
  const asked = await options(url);
  const publicKey: PublicKeyCredentialCreationOptions = {
    ...asked,
    challenge: bytes(asked.challenge),
    user: { ...asked.user, id: bytes(asked.user.id) },
    excludeCredentials: decoded(asked.excludeCredentials),
  };
  const made = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
  if (!made) throw new Error("none made");
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject) },
  };
}

async function gotten(url: string): Promise<object> {
  const asked = await options(url);
  const publicKey: PublicKeyCredentialRequestOptions = {
    ...asked,
    challenge: bytes(asked.challenge),
    allowCredentials: decoded(asked.allowCredentials),
  };
  const used = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  if (!used) throw new Error("none used");
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    id: used.id, rawId: text(used.rawId), type: used.type, clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData),
      signature: text(response.signature), userHandle: text(response.userHandle),
    },
  };
}

function prepare(form: HTMLFormElement): void {
  const field = form.elements.namedItem("credential") as HTMLInputElement;
  const trouble = form.querySelector<HTMLElement>("[role=alert]");
  const button = form.querySelector("button");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (trouble) trouble.hidden = true;
    if (button) button.disabled = true;
    const url = form.dataset.options ?? "";
    try {
      field.value = JSON.stringify(await (form.dataset.passkey === "create" ? created(url) : gotten(url)));
      form.submit(); // asks no handler again
    } catch {
      if (trouble) trouble.hidden = false;
    } finally {
      if (button) button.disabled = false;
    }
  });
}

if ("PublicKeyCredential" in window) {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-passkey]")) prepare(form);
}
