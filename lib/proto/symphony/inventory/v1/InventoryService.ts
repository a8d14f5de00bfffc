// Original file: symphony/inventory/v1/inventory.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CheckAvailabilityRequest as _symphony_inventory_v1_CheckAvailabilityRequest, CheckAvailabilityRequest__Output as _symphony_inventory_v1_CheckAvailabilityRequest__Output } from '../../../symphony/inventory/v1/CheckAvailabilityRequest';
import type { CheckAvailabilityResponse as _symphony_inventory_v1_CheckAvailabilityResponse, CheckAvailabilityResponse__Output as _symphony_inventory_v1_CheckAvailabilityResponse__Output } from '../../../symphony/inventory/v1/CheckAvailabilityResponse';
import type { ReleaseInventoryRequest as _symphony_inventory_v1_ReleaseInventoryRequest, ReleaseInventoryRequest__Output as _symphony_inventory_v1_ReleaseInventoryRequest__Output } from '../../../symphony/inventory/v1/ReleaseInventoryRequest';
import type { ReleaseInventoryResponse as _symphony_inventory_v1_ReleaseInventoryResponse, ReleaseInventoryResponse__Output as _symphony_inventory_v1_ReleaseInventoryResponse__Output } from '../../../symphony/inventory/v1/ReleaseInventoryResponse';
import type { ReserveInventoryRequest as _symphony_inventory_v1_ReserveInventoryRequest, ReserveInventoryRequest__Output as _symphony_inventory_v1_ReserveInventoryRequest__Output } from '../../../symphony/inventory/v1/ReserveInventoryRequest';
import type { ReserveInventoryResponse as _symphony_inventory_v1_ReserveInventoryResponse, ReserveInventoryResponse__Output as _symphony_inventory_v1_ReserveInventoryResponse__Output } from '../../../symphony/inventory/v1/ReserveInventoryResponse';

export interface InventoryServiceClient extends grpc.Client {
  CheckAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  CheckAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  CheckAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  CheckAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  checkAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  checkAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  checkAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  checkAvailability(argument: _symphony_inventory_v1_CheckAvailabilityRequest, callback: grpc.requestCallback<_symphony_inventory_v1_CheckAvailabilityResponse__Output>): grpc.ClientUnaryCall;
  
  ReleaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReleaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReleaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReleaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  releaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  releaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  releaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  releaseInventory(argument: _symphony_inventory_v1_ReleaseInventoryRequest, callback: grpc.requestCallback<_symphony_inventory_v1_ReleaseInventoryResponse__Output>): grpc.ClientUnaryCall;
  
  ReserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  ReserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  reserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  reserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  reserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  reserveInventory(argument: _symphony_inventory_v1_ReserveInventoryRequest, callback: grpc.requestCallback<_symphony_inventory_v1_ReserveInventoryResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface InventoryServiceHandlers extends grpc.UntypedServiceImplementation {
  CheckAvailability: grpc.handleUnaryCall<_symphony_inventory_v1_CheckAvailabilityRequest__Output, _symphony_inventory_v1_CheckAvailabilityResponse>;
  
  ReleaseInventory: grpc.handleUnaryCall<_symphony_inventory_v1_ReleaseInventoryRequest__Output, _symphony_inventory_v1_ReleaseInventoryResponse>;
  
  ReserveInventory: grpc.handleUnaryCall<_symphony_inventory_v1_ReserveInventoryRequest__Output, _symphony_inventory_v1_ReserveInventoryResponse>;
  
}

export interface InventoryServiceDefinition extends grpc.ServiceDefinition {
  CheckAvailability: MethodDefinition<_symphony_inventory_v1_CheckAvailabilityRequest, _symphony_inventory_v1_CheckAvailabilityResponse, _symphony_inventory_v1_CheckAvailabilityRequest__Output, _symphony_inventory_v1_CheckAvailabilityResponse__Output>
  ReleaseInventory: MethodDefinition<_symphony_inventory_v1_ReleaseInventoryRequest, _symphony_inventory_v1_ReleaseInventoryResponse, _symphony_inventory_v1_ReleaseInventoryRequest__Output, _symphony_inventory_v1_ReleaseInventoryResponse__Output>
  ReserveInventory: MethodDefinition<_symphony_inventory_v1_ReserveInventoryRequest, _symphony_inventory_v1_ReserveInventoryResponse, _symphony_inventory_v1_ReserveInventoryRequest__Output, _symphony_inventory_v1_ReserveInventoryResponse__Output>
}
