import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { CheckAvailabilityRequest as _symphony_inventory_v1_CheckAvailabilityRequest, CheckAvailabilityRequest__Output as _symphony_inventory_v1_CheckAvailabilityRequest__Output } from './symphony/inventory/v1/CheckAvailabilityRequest';
import type { CheckAvailabilityResponse as _symphony_inventory_v1_CheckAvailabilityResponse, CheckAvailabilityResponse__Output as _symphony_inventory_v1_CheckAvailabilityResponse__Output } from './symphony/inventory/v1/CheckAvailabilityResponse';
import type { InventoryServiceClient as _symphony_inventory_v1_InventoryServiceClient, InventoryServiceDefinition as _symphony_inventory_v1_InventoryServiceDefinition } from './symphony/inventory/v1/InventoryService';
import type { ReleaseInventoryRequest as _symphony_inventory_v1_ReleaseInventoryRequest, ReleaseInventoryRequest__Output as _symphony_inventory_v1_ReleaseInventoryRequest__Output } from './symphony/inventory/v1/ReleaseInventoryRequest';
import type { ReleaseInventoryResponse as _symphony_inventory_v1_ReleaseInventoryResponse, ReleaseInventoryResponse__Output as _symphony_inventory_v1_ReleaseInventoryResponse__Output } from './symphony/inventory/v1/ReleaseInventoryResponse';
import type { ReserveInventoryRequest as _symphony_inventory_v1_ReserveInventoryRequest, ReserveInventoryRequest__Output as _symphony_inventory_v1_ReserveInventoryRequest__Output } from './symphony/inventory/v1/ReserveInventoryRequest';
import type { ReserveInventoryResponse as _symphony_inventory_v1_ReserveInventoryResponse, ReserveInventoryResponse__Output as _symphony_inventory_v1_ReserveInventoryResponse__Output } from './symphony/inventory/v1/ReserveInventoryResponse';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  symphony: {
    inventory: {
      v1: {
        CheckAvailabilityRequest: MessageTypeDefinition<_symphony_inventory_v1_CheckAvailabilityRequest, _symphony_inventory_v1_CheckAvailabilityRequest__Output>
        CheckAvailabilityResponse: MessageTypeDefinition<_symphony_inventory_v1_CheckAvailabilityResponse, _symphony_inventory_v1_CheckAvailabilityResponse__Output>
        InventoryService: SubtypeConstructor<typeof grpc.Client, _symphony_inventory_v1_InventoryServiceClient> & { service: _symphony_inventory_v1_InventoryServiceDefinition }
        ReleaseInventoryRequest: MessageTypeDefinition<_symphony_inventory_v1_ReleaseInventoryRequest, _symphony_inventory_v1_ReleaseInventoryRequest__Output>
        ReleaseInventoryResponse: MessageTypeDefinition<_symphony_inventory_v1_ReleaseInventoryResponse, _symphony_inventory_v1_ReleaseInventoryResponse__Output>
        ReserveInventoryRequest: MessageTypeDefinition<_symphony_inventory_v1_ReserveInventoryRequest, _symphony_inventory_v1_ReserveInventoryRequest__Output>
        ReserveInventoryResponse: MessageTypeDefinition<_symphony_inventory_v1_ReserveInventoryResponse, _symphony_inventory_v1_ReserveInventoryResponse__Output>
      }
    }
  }
}

