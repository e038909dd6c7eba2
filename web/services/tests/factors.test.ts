/** The second step of signing in, and the firms that require it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AuthService } from "../index.ts";
import { codeOf } from "../memory/totp.ts";
import { fails, firmOf, PASSWORD, people, watching } from "./people.ts";
import { eventually, STAGES } from "./stages.ts";

for (const stage of STAGES) {
  describe(stage.name, { concurrency: true }, () => {
    test("a device: set up, asked for, removed", async () => {
      const [{ auth, email }] = await people(stage, "Ada");
      const seen: string[] = [];
      const stop = auth.watch((account) => seen.push(account?.level ?? "nobody"));
      assert.deepEqual(await levels(auth), ["aal1", "aal1"]);
      await auth.enrolFactor("Phone");
      // What was left half-made is not in the way.
      const phone = await auth.enrolFactor("Phone");
      assert.match(phone.qr, /^data:image\/svg\+xml;utf-8,<svg/);
      assert.match(phone.uri, new RegExp(`^otpauth://totp/.*secret=${phone.secret}`));
      assert.deepEqual(await auth.factors(), []);
      assert.deepEqual(await levels(auth), ["aal1", "aal1"]);
      const wrong = await fails(
        "mfa_verification_failed",
        auth.verifyFactor(phone.id, await wrongCode(phone.secret)),
      );
      assert.equal(wrong.field, "code");
      const code = await codeOf(phone.secret);
      await auth.verifyFactor(phone.id, code);
      assert.deepEqual(await levels(auth), ["aal2", "aal2"]);
      await eventually(() => seen.at(-1) === "aal2");
      assert.deepEqual(
        (await auth.factors()).map(({ id, name }) => [id, name]),
        [[phone.id, "Phone"]],
      );
      const taken = await fails("mfa_factor_name_conflict", auth.enrolFactor("Phone"));
      assert.equal(taken.field, "name");

      // By the password alone one is known, and no more.
      const { auth: elsewhere } = stage.device();
      const half = await elsewhere.signIn(email, PASSWORD);
      assert.deepEqual([half.level, half.nextLevel], ["aal1", "aal2"]);
      assert.deepEqual(await elsewhere.account(), half);
      assert.equal((await elsewhere.factors()).length, 1);
      await fails("mfa_verification_failed", elsewhere.verifyFactor(phone.id, code));
      await fails("mfa_factor_not_found", elsewhere.verifyFactor(crypto.randomUUID(), code));
      await fails("insufficient_aal", elsewhere.removeFactor(phone.id));
      await fails("insufficient_aal", elsewhere.enrolFactor("Mine"));
      await fails("insufficient_aal", elsewhere.changePassword("a new passphrase"));
      await elsewhere.verifyFactor(phone.id, await codeOf(phone.secret, 1));
      assert.deepEqual(await levels(elsewhere), ["aal2", "aal2"]);

      // A forgotten password is no way around it.
      const { auth: forgetful } = stage.device();
      await forgetful.forgotPassword(email);
      const mailed = await stage.secret(email, "Reset");
      await fails("insufficient_aal", forgetful.resetPassword(email, mailed, "a new passphrase"));
      assert.deepEqual(await levels(forgetful), ["aal1", "aal2"]);
      await stage.device().auth.signIn(email, PASSWORD);

      await auth.removeFactor(phone.id);
      assert.deepEqual(await levels(auth), ["aal1", "aal1"]);
      await eventually(() => seen.at(-1) === "aal1");
      assert.deepEqual(await auth.factors(), []);
      stop();
    });

    test("guessing is stopped", async () => {
      const [{ auth }] = await people(stage, "Ada");
      const { id, secret } = await auth.enrolFactor("Phone");
      const wrong = await wrongCode(secret);
      for (let n = 0; n < 15; n++) {
        await fails("mfa_verification_failed", auth.verifyFactor(id, wrong));
      }
      await fails("over_request_rate_limit", auth.verifyFactor(id, await codeOf(secret)));
    });

    test("a firm that requires it", async () => {
      const { ada, firmId } = await firmOf(stage);
      const [ben] = await people(stage, "Ben");
      await ada.firms.invite(firmId, ben.email, "admin");
      await ben.firms.acceptInvitation(await stage.secret(ben.email, "invites"));
      await fails("mfa_required", ada.firms.setRequireMfa(firmId, true));
      await raise(ada.auth);
      assert.equal((await ada.firms.setRequireMfa(firmId, true)).require_mfa, true);
      const missing = async () => (await ben.firms.mine()).map(({ needs_mfa }) => needs_mfa);
      assert.deepEqual(await missing(), [true]);
      await fails("not_found", ben.firms.get(firmId));
      assert.deepEqual(await ben.firms.members(firmId), []);
      await fails("not_found", ben.firms.setRequireMfa(firmId, false));
      await fails("mfa_required", ben.reports.request(firmId, "csv"));
      const { rows: seen, stop } = await watching(ben.contracts.watch, firmId);
      await raise(ben.auth);
      assert.deepEqual(await missing(), [false]);
      // What he watches follows the session up.
      const { id: company_id } = await ada.companies.add(firmId, { name: "Helios" });
      const contract = { title: "Mutual NDA", kind: "nda" as const, company_id };
      const { id } = await ada.contracts.add(firmId, contract);
      await eventually(() => seen.some((one) => one.id === id));
      stop();
      assert.equal((await ben.firms.members(firmId)).length, 2);
      assert.equal((await ben.firms.setRequireMfa(firmId, false)).require_mfa, false);
    });
  });
}

async function levels(auth: AuthService) {
  const account = await auth.account();
  return [account?.level, account?.nextLevel];
}

async function raise(auth: AuthService): Promise<void> {
  const { id, secret } = await auth.enrolFactor("Phone");
  await auth.verifyFactor(id, await codeOf(secret));
}

/** None of those that would be taken during the test. */
async function wrongCode(secret: string): Promise<string> {
  const right = await Promise.all(Array.from({ length: 12 }, (_, n) => codeOf(secret, n - 2)));
  const guesses = Array.from({ length: 20 }, (_, n) => String(n).padStart(6, "0"));
  return guesses.find((one) => !right.includes(one)) as string;
}
