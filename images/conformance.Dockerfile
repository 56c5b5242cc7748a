# The conformance image for users with a registry:
#   docker build -f images/conformance.Dockerfile -t example.org/mcp-fleet/conformance:1.0 .
# Without Docker, `npm run build` makes the same from the same bundle.
FROM node:24.21.0-trixie-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node images/build.ts --bundle conformance

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /app
COPY --from=build /src/dist/bundles/conformance/ ./
# The suite looks for its lists above the folder of its program.
COPY --from=build /src/node_modules/@modelcontextprotocol/conformance/requirements/ /requirements/
ENV NODE_ENV=production MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=/tmp/node-compile-cache
USER 65532:65532
# The heap ends below the container's limit, so that Node collects before the kernel kills.
ENTRYPOINT ["/nodejs/bin/node", "--max-old-space-size-percentage=75", "/app/main.mjs"]
