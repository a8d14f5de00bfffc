import { type SourceFile } from "../compile/types";
import { ourAnswer } from "./ask";
import { objectsIn, titleOf, without } from "./brought";
import { compareAnswers, type Difference, formatDifference } from "./compare";
import { invent } from "./invent";
import { responsibleFor } from "./responsible";

const file: SourceFile = {
  path: "brought.yaml",
  text: `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: reviews }
spec:
  hosts: [reviews]
  http:
    - route: [{ destination: { host: reviews, subset: v2 } }]
      timeout: 3s
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ratings, namespace: shop }
spec:
  selector: { matchLabels: { app: ratings } }
  rules: [{ to: [{ operation: { methods: [GET] } }] }]
`,
};

const answerOf = (one: SourceFile): ReturnType<typeof ourAnswer> => {
  const { world, files } = invent(objectsIn(one), {});
  return ourAnswer([one, ...files], world);
};

test("services, workloads and subsets that the YAML names are made up", () => {
  const { world, files } = invent(objectsIn(file), {});
  expect(world.services.map(({ host }) => host)).toEqual([
    "reviews.default.svc.cluster.local",
    "ratings.shop.svc.cluster.local",
  ]);
  expect(files.map(({ path }) => path)).toEqual(["(made up: reviews.default.svc.cluster.local)"]);
  const labels = world.workloads.map((workload) => workload.labels);
  expect(labels).toContainEqual(expect.objectContaining({ app: "reviews", version: "v2" }));
});

test("a changed timeout is a difference of the one field, at the VirtualService", () => {
  const other = { ...file, text: file.text.replace("3s", "4s") };
  const differences = compareAnswers(answerOf(file), answerOf(other));
  expect(differences.filter(({ proxy }) => proxy === "caller-default-0").map(formatDifference)).toEqual(
    ["timeout", "max_grpc_timeout"].map(
      (field) =>
        "caller-default-0: route outbound reviews.default.svc.cluster.local:8080/#0: timeout: " +
        `${field}: ours "3s", istiod "4s"`,
    ),
  );
  const shownAt = new Set(differences.flatMap((one) => responsibleFor(one, objectsIn(file)).map(titleOf)));
  expect([...shownAt]).toEqual(["VirtualService default/reviews"]);
});

test("a difference that no object is known for is shown at all of them", () => {
  const unknown: Difference = {
    proxy: "a",
    resource: "elsewhere",
    feature: "new",
    field: "",
    ours: 1,
    istiod: 2,
  };
  expect(responsibleFor(unknown, objectsIn(file))).toHaveLength(2);
});

test("an object is taken out without moving the others", () => {
  const [first, second] = objectsIn(file);
  expect(objectsIn(without(file, [first!]))).toEqual([second]);
});
