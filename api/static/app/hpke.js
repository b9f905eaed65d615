// Seals one message to a public key by HPKE (RFC 9180), base mode: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
// Browsers have all that it is made of, and not the whole.
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const KEM = [0, 0x10],
  KDF = [0, 1],
  AEAD = [0, 2];
const BASE = [0];
const NOTHING = new Uint8Array();
// An HMAC fills its key up with zeros, so this is the empty salt, which browsers refuse as a key.
const NO_SALT = new Uint8Array(32);
const bytes = (text) => new TextEncoder().encode(text);

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

async function hmac(key, message) {
  const made = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", made, message));
}

// LabeledExtract and LabeledExpand of section 4. Nothing that is expanded is longer than one hash, so it is one round.
function labeled(...suite) {
  const named = (label) => joined(bytes("HPKE-v1"), ...suite, bytes(label));
  return {
    extract: (salt, label, words) => hmac(salt, joined(named(label), words)),
    expand: async (key, label, info, length) =>
      (await hmac(key, joined([0, length], named(label), info, [1]))).slice(0, length),
  };
}

const kem = labeled(bytes("KEM"), KEM);
const suite = labeled(bytes("HPKE"), KEM, KDF, AEAD);

async function encapsulate(theirs, ours) {
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", ours.publicKey));
  const theirKey = await crypto.subtle.importKey("raw", theirs, CURVE, false, []);
  const dh = await crypto.subtle.deriveBits({ name: "ECDH", public: theirKey }, ours.privateKey, 256);
  const secret = await kem.extract(NO_SALT, "eae_prk", new Uint8Array(dh));
  return { enc, shared: await kem.expand(secret, "shared_secret", joined(enc, theirs), 32) };
}

async function schedule(shared, info) {
  const hashes = [suite.extract(NO_SALT, "psk_id_hash", NOTHING), suite.extract(NO_SALT, "info_hash", info)];
  const context = joined(BASE, ...(await Promise.all(hashes)));
  const secret = await suite.extract(shared, "secret", NOTHING);
  return Promise.all([suite.expand(secret, "key", context, 32), suite.expand(secret, "base_nonce", context, 12)]);
}

// `theirs` is an uncompressed point. `ours` is a pair for this one message, and is only given where it must be known.
export async function sealTo(theirs, info, words, ours) {
  const pair = ours ?? (await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]));
  const { enc, shared } = await encapsulate(theirs, pair);
  const [key, iv] = await schedule(shared, info);
  const closing = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
  return { enc, ct: new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, closing, words)) };
}
