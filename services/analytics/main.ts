import { runService } from "../../lib/service";
import { service } from "./service";

runService(service);
