import { expect } from "chai";
import { OFFICIAL } from "../../server/contract/official.ts";
import { isServed } from "../../server/served.ts";
import { firstVersionOf } from "../../server/services/catalogue.ts";
import { ALL_ENDPOINTS } from "../../server/services/endpoints.ts";

/** What is still to be built; an entry that is served by now has to go. */
const TO_BUILD: string[] = [];

describe("the list of endpoints", () => {
  it("serves each endpoint of the official server but those to be built", () => {
    const missing = Object.keys(OFFICIAL.endpoints).filter((name) => !isServed(name));
    expect(missing.toSorted()).to.deep.equal(TO_BUILD.toSorted());
  });

  it("has no endpoint of a name and version twice", () => {
    const forms = ALL_ENDPOINTS.map((endpoint) => `${endpoint.name} ${firstVersionOf(endpoint)}`);
    expect(forms.filter((form, at) => forms.indexOf(form) !== at)).to.deep.equal([]);
  });

  it("serves nothing by an official service's name that the official server does not know", () => {
    const ours = ALL_ENDPOINTS.map(({ name }) => name).filter((name) => !(name in OFFICIAL.endpoints) && !name.startsWith("internal."));
    expect(ours).to.deep.equal([]);
  });
});
