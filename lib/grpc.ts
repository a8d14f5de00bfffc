export * from "./grpc-client";
export * from "./grpc-definition";
export * from "./grpc-server";
