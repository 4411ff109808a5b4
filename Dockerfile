# The Windlass agent as a container: it runs tasks in sibling containers through the engine's socket, or as processes inside.
#   docker build -t windlass .
#   docker run -d -v /var/run/docker.sock:/var/run/docker.sock -v windlass:/var/lib/windlass -e CLEARML_WORKER_NAME=… \
#     -e CLEARML_API_HOST=… -e CLEARML_API_ACCESS_KEY=… -e CLEARML_API_SECRET_KEY=… windlass --queue default --docker python:3.12-slim
# The state folder is a volume with a name or a folder of the host, at any path (docs/operating.md, "As a container").
# BASE needs git, python3 with venv, and Node 22.19 or newer; PACKAGE is the tarball of `npm pack`.
ARG BASE=node:24-bookworm
FROM ${BASE}
ARG PACKAGE=windlass-*.tgz
COPY ${PACKAGE} /opt/windlass-package/
RUN npm install --global --omit=dev /opt/windlass-package/*.tgz && rm -rf /opt/windlass-package /root/.npm
VOLUME /var/lib/windlass
ENTRYPOINT ["windlass", "daemon"]
