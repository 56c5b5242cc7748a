# The server image for users with a registry:
#   docker build -f images/server.Dockerfile -t example.org/mcp-fleet/server:1.0 .
# Without Docker, `npm run build` makes the same from the same bundle.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
# Starts the server once, for its compiled code. That is of use below where Node has the same version.
RUN node images/build.ts --bundle server

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/dist/bundles/server/ ./
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=/tmp/node-compile-cache
# So that `--entrypoint node` starts the server over stdio, as server.json says.
ENV PATH=/nodejs/bin:$PATH
LABEL io.modelcontextprotocol.server.name=dev.mcpfleet/server
USER 65532:65532
EXPOSE 8080 9090
# The heap ends below the container's limit, so that Node collects before the kernel kills.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=75", "--max-semi-space-size=4", "--no-maglev", "/app/main.mjs"]
