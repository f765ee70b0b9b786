/** A private certificate authority, made anew by each test that needs one. */

import { generateKeyPairSync } from "node:crypto";

import forge from "node-forge";

/** Keys and certificates, PEM. */
export interface Authority {
  /** Its own certificate, to be trusted. */
  readonly certificate: string;
  /** Issues a certificate for a host. */
  issue(host: string): { readonly key: string; readonly cert: string };
}

/** Makes an authority that nobody knows. */
export function privateAuthority(): Authority {
  const own = rsaKeys();
  const name = [{ name: "commonName", value: "A company's own authority" }];
  const certificate = signed(own, name, name, own.privateKey, [
    { name: "basicConstraints", cA: true, critical: true },
    { name: "keyUsage", keyCertSign: true, critical: true },
  ]);
  return {
    certificate,
    issue(host) {
      const keys = rsaKeys();
      const subject = [{ name: "commonName", value: host }];
      const cert = signed(keys, subject, name, own.privateKey, [
        { name: "subjectAltName", altNames: [{ type: 2, value: host }] },
      ]);
      return { key: forge.pki.privateKeyToPem(keys.privateKey), cert };
    },
  };
}

function rsaKeys(): forge.pki.rsa.KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  return {
    publicKey: forge.pki.publicKeyFromPem(publicKey),
    privateKey: forge.pki.privateKeyFromPem(privateKey),
  };
}

function signed(
  { publicKey }: forge.pki.rsa.KeyPair,
  subject: forge.pki.CertificateField[],
  issuer: forge.pki.CertificateField[],
  by: forge.pki.rsa.PrivateKey,
  extensions: object[],
): string {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  certificate.validity.notBefore = new Date("2020-01-01T00:00:00Z");
  certificate.validity.notAfter = new Date("2120-01-01T00:00:00Z");
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  certificate.setExtensions(extensions);
  certificate.sign(by, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
