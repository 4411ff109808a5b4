import { expect } from "chai";
import { OFFICIAL } from "../../server/contract/official.ts";
import { isServed } from "../../server/served.ts";
import { firstVersionOf } from "../../server/services/catalogue.ts";
import { ALL_ENDPOINTS } from "../../server/services/endpoints.ts";

describe("the list of endpoints", () => {
  it("serves each endpoint of the official server", () => {
    const missing = Object.keys(OFFICIAL.endpoints).filter((name) => !isServed(name));
    expect(missing).to.deep.equal([]);
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
