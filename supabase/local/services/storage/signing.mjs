import { sign, verify } from "hono/jwt";
import { findObject, ownerColumns, writeObject } from "./database.mjs";
import { invalidJwt, invalidSignature } from "./errors.mjs";
import { checkKey } from "./limits.mjs";
import { check, readBody } from "./schemas.mjs";

const UPLOAD_SECONDS = 2 * 60 * 60;

const FAULTS = {
  JwtTokenExpired: '"exp" claim timestamp check failed',
  JwtTokenSignatureMismatched: "signature verification failed",
};

/**
 * Makes and checks the tokens of signed URLs. A token is good for one object and one scope.
 *
 * @param {string} secret of the project
 */
export function createSigner(secret) {
  return {
    /** @param {"download" | "upload"} scope */
    token(scope, url, seconds, claims = {}) {
      const iat = Math.floor(Date.now() / 1000);
      return sign({ ...claims, scope, url, iat, exp: iat + seconds }, secret, "HS256");
    },

    /**
     * @returns {Promise<object>} the claims of the token
     * @throws {import("./errors.mjs").StorageError} InvalidJWT or InvalidSignature
     */
    async verify(scope, query, { bucket, key }) {
      const { token } = check("token", "querystring", query);
      const claims = await verify(token, secret, "HS256").catch((error) => {
        throw invalidJwt(FAULTS[error.name] ?? "Invalid Compact JWS");
      });
      if (claims.scope !== scope || claims.url !== `${bucket}/${key}`) throw invalidSignature();
      return claims;
    },
  };
}

export async function signObject({ params, request, signer, db }) {
  const { expiresIn } = await readBody(request, "sign");
  await db.asCaller((tx) => findObject(tx, params.bucket, params.key));
  return { signedURL: await signedUrl(signer, params.bucket, params.key, expiresIn) };
}

export async function signObjects({ params, request, signer, db }) {
  const { expiresIn, paths } = await readBody(request, "signMany");
  const rows = await db.asCaller(
    (tx) => tx`
      select name from storage.objects
      where bucket_id = ${params.bucket} and name = any(${paths})`,
  );
  const readable = new Set(rows.map(({ name }) => name));
  const error = "Either the object does not exist or you do not have access to it";
  return Promise.all(
    paths.map(async (path) =>
      readable.has(path)
        ? { error: null, path, signedURL: await signedUrl(signer, params.bucket, path, expiresIn) }
        : { error, path, signedURL: null },
    ),
  );
}

async function signedUrl(signer, bucket, key, seconds) {
  const url = `${bucket}/${key}`;
  return `/object/sign/${url}?token=${await signer.token("download", url, seconds)}`;
}

export async function signUpload({ params, request, caller, signer, db }) {
  const { bucket, key } = params;
  const owner = caller.claims.sub;
  const upsert = request.headers.get("x-upsert") === "true";
  checkKey(key);
  const row = { bucket_id: bucket, name: key, version: "1", ...ownerColumns(owner) };
  await db.tryAsCaller((tx) => writeObject(tx, row, upsert));
  const url = `${bucket}/${key}`;
  const token = await signer.token("upload", url, UPLOAD_SECONDS, { owner, upsert });
  return { url: `/object/upload/sign/${url}?token=${token}`, token };
}
