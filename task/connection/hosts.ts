/** The three addresses of a ClearML installation, without a slash at their end. */
export interface Hosts {
  readonly api: string;
  readonly web: string;
  readonly files: string;
}

/** The web app and the file server, where nobody names them, by the usual places beside the API (task-class.md B2). */
export function completeHosts(named: Partial<Hosts> & { readonly api: string }): Hosts {
  const api = bare(named.api);
  return { api, web: bare(named.web ?? beside(api, "app", "8080")), files: bare(named.files ?? beside(api, "files", "8081")) };
}

const bare = (address: string): string => address.replace(/\/+$/, "");

function beside(api: string, name: string, port: string): string {
  if (/:8008$/.test(api)) return api.replace(/8008$/, port);
  return api.replace(/^(https?:\/\/)(?:api\.)?/, (_whole, scheme: string) => (/\/\/api\./.test(api) ? `${scheme}${name}.` : scheme));
}
