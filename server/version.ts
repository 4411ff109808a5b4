/** The server and API whose wire we speak (clearml-api.md, head). Clients read the API version from the token. */
export const SERVER_VERSION = "2.3.0";
export const SERVER_BUILD = "windlass";
export const API_VERSION = "2.34";
