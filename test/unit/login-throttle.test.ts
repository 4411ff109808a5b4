import { expect } from "chai";
import { LoginThrottle } from "../../server/auth/login-throttle.ts";

const MINUTE = 60_000;

describe("the throttle of logins", () => {
  it("lets the first tries through and makes each further one wait longer, up to a limit", () => {
    const throttle = new LoginThrottle();
    let now = 0;
    const waits = Array.from({ length: 12 }, () => {
      const waitMs = throttle.admit("ann", "10.0.0.1", now)?.waitMs ?? -1;
      now += waitMs;
      return waitMs;
    });
    expect(waits.slice(0, 6)).to.deep.equal([0, 0, 0, 250, 500, 1000]);
    expect(waits.at(-1)).to.equal(10_000);
  });

  it("puts what comes at once from one address in a row, and refuses those at its end", () => {
    const throttle = new LoginThrottle();
    const admitted = Array.from({ length: 100 }, (_, n) => throttle.admit(`name ${n}`, "10.0.0.1", 0)?.waitMs);
    const waits = admitted.filter((wait) => wait !== undefined);
    expect(waits).to.have.length.below(20);
    expect(waits).to.deep.equal(waits.toSorted((a, b) => a - b));
    expect(new Set(waits.slice(3)).size).to.equal(waits.length - 3);
  });

  it("slows down one name that many addresses try, and still lets everybody else in at once", () => {
    const throttle = new LoginThrottle();
    for (let n = 0; n < 1000; n++) throttle.admit("ann", `10.0.${n >> 8}.${n & 255}`, 0);
    expect(throttle.admit("ann", "192.168.0.1", 0)?.waitMs).to.equal(10_000);
    expect(throttle.admit("bob", "192.168.0.2", 0)?.waitMs).to.equal(0);
  });

  it("does not make somebody wait who was here before, whoever attacks the name or shares the address", () => {
    const throttle = new LoginThrottle();
    throttle.admit("ann", "10.0.0.1", 0);
    throttle.succeeded("ann", "10.0.0.1");
    for (let n = 0; n < 100; n++) throttle.admit(n % 2 === 0 ? "ann" : "bob", n % 3 === 0 ? "10.0.0.2" : "10.0.0.3", 0);
    for (let n = 0; n < 100; n++) throttle.admit("bob", "10.0.0.1", 0);
    expect(throttle.admit("ann", "10.0.0.1", 0)?.waitMs).to.equal(0);
  });

  it("counts wrong tries from where a name is known too", () => {
    const throttle = new LoginThrottle();
    throttle.admit("ann", "10.0.0.1", 0);
    throttle.succeeded("ann", "10.0.0.1");
    const waits = Array.from({ length: 5 }, () => throttle.admit("ann", "10.0.0.1", 0)?.waitMs);
    expect(waits).to.deep.equal([0, 0, 0, 250, 750]);
  });

  it("keeps the wrong tries for other names when one login is right", () => {
    const throttle = new LoginThrottle();
    for (let n = 0; n < 6; n++) throttle.admit("victim", "10.0.0.1", 0);
    throttle.admit("own", "10.0.0.1", MINUTE / 60);
    throttle.succeeded("own", "10.0.0.1");
    expect(throttle.admit("victim", "10.0.0.1", MINUTE)?.waitMs).to.be.above(1000);
  });

  it("forgets after a quarter of an hour", () => {
    const throttle = new LoginThrottle();
    for (let n = 0; n < 10; n++) throttle.admit("ann", "10.0.0.1", 0);
    expect(throttle.admit("ann", "10.0.0.1", 16 * MINUTE)?.waitMs).to.equal(0);
  });
});
