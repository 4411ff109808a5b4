import { type Clock, systemClock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { Store } from "../store/store.ts";
import type { KnownUser } from "./impersonation.ts";
import { type Admission, LoginThrottle } from "./login-throttle.ts";
import { isPassword } from "./passwords.ts";

/** Longer names and passwords are nobody's. */
const LONGEST = 1000;

/** Logins with a name and a password (clearml-api.md 13), slowed down where they go wrong. */
export class PasswordLogin {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #throttle = new LoginThrottle();

  constructor(store: Store, logger: Logger, clock: Clock = systemClock) {
    this.#store = store;
    this.#logger = logger;
    this.#clock = clock;
  }

  /** The user who has this name and password; undefined when they are wrong, or when too many are being tried. */
  async user(name: string, password: string, address: string): Promise<KnownUser | undefined> {
    if (name === "" || name.length > LONGEST || password.length > LONGEST) return undefined;
    const admission = this.#throttle.admit(name, address, this.#clock.monotonic());
    if (admission === undefined) return undefined;
    await this.#clock.sleep(admission.waitMs);
    const { logins } = await this.#store.internal<{ logins: (KnownUser & { password: string })[] }>("internal.login", { name });
    if (await isPassword(password, logins[0]?.password)) {
      this.#throttle.succeeded(name, address);
      return logins[0];
    }
    this.#tell(name, address, admission);
    return undefined;
  }

  /** At growing distance: a log that an attacker fills hides what it should show. */
  #tell(name: string, address: string, { wrong, waitMs }: Admission): void {
    if (Math.log2(wrong + 1) % 1 === 0)
      this.#logger.warn({ login: name.slice(0, 100), address, wrong: wrong + 1, waitMs }, "login refused: wrong name or password");
  }
}
