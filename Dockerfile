# One image per service: docker build --build-arg SERVICE=order -t symphony-order .
# Everything that costs time comes before SERVICE is known, so nine images take little longer than one.
# Works with BuildKit and with the classic builder, which knows no cache mounts and builds stages that nobody needs.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts \
 && find node_modules \( -name '*.map' -o -name '*.md' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -type f -delete \
 && rm -rf /root/.npm

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && rm -rf /root/.npm
COPY .swcrc symphony ./
COPY lib lib
COPY services services
COPY k8s k8s
COPY lab/run lab/run
RUN node symphony build

# What catches the mails on a cluster: an SMTP server that delivers none.
FROM ${NODE_IMAGE} AS mail
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/node_modules/base32.js node_modules/base32.js
COPY --from=build /app/node_modules/ipv6-normalize node_modules/ipv6-normalize
COPY --from=build /app/node_modules/punycode.js node_modules/punycode.js
COPY --from=build /app/node_modules/smtp-server node_modules/smtp-server
COPY --from=build /app/dist/k8s/mail dist/k8s/mail
LABEL org.opencontainers.image.title="symphony-mail" org.opencontainers.image.licenses="Apache-2.0"
USER 10001:10001
EXPOSE 1025 8025
CMD ["node", "--enable-source-maps", "dist/k8s/mail/main.js"]

FROM ${NODE_IMAGE} AS runtime
WORKDIR /app
ENV NODE_ENV=production
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY proto proto
# What is no code is read from where its source is.
COPY lib/migrations lib/migrations
COPY --from=build --chown=10001:10001 /app/dist/lib dist/lib
# Only skaffold dev runs it.
COPY --from=build /app/dist/k8s/reload dist/k8s/reload
# What node compiles at every start is compiled once; its cache is kept per user, and a pod can only read it.
ENV NODE_COMPILE_CACHE=/app/compile-cache
RUN mkdir compile-cache && chown 10001:10001 compile-cache
# By number, so that Kubernetes can tell that it is not root.
USER 10001:10001
RUN node --enable-source-maps --require ./dist/lib/register.js --eval "for (const part of ['service', 'grpc', 'tracing']) require('./dist/lib/' + part)"

# What gives the broker its streams and consumers, and Postgres its databases and roles.
FROM runtime AS provisioner
LABEL org.opencontainers.image.title="symphony-provisioner" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /app/dist/lab/run/databases.js /app/dist/lab/run/failure.js dist/lab/run/
COPY --from=build /app/dist/k8s/provisioner dist/k8s/provisioner
CMD ["node", "--enable-source-maps", "dist/k8s/provisioner/main.js"]

FROM runtime
ARG SERVICE
ARG VERSION=dev
LABEL org.opencontainers.image.title="symphony-${SERVICE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV SERVICE=${SERVICE}
EXPOSE 8080 9090
COPY services/${SERVICE}/migrations services/${SERVICE}/migrations
COPY --from=build --chown=10001:10001 /app/dist/services/${SERVICE} dist/services/${SERVICE}
# exec: the service is process 1 and receives the signals itself.
CMD ["sh", "-c", "exec node --enable-source-maps --require ./dist/lib/register.js dist/services/$SERVICE/main.js"]
