// Original file: symphony/shipping/v1/shipping.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelShipmentRequest as _symphony_shipping_v1_CancelShipmentRequest, CancelShipmentRequest__Output as _symphony_shipping_v1_CancelShipmentRequest__Output } from '../../../symphony/shipping/v1/CancelShipmentRequest';
import type { CancelShipmentResponse as _symphony_shipping_v1_CancelShipmentResponse, CancelShipmentResponse__Output as _symphony_shipping_v1_CancelShipmentResponse__Output } from '../../../symphony/shipping/v1/CancelShipmentResponse';
import type { ScheduleShipmentRequest as _symphony_shipping_v1_ScheduleShipmentRequest, ScheduleShipmentRequest__Output as _symphony_shipping_v1_ScheduleShipmentRequest__Output } from '../../../symphony/shipping/v1/ScheduleShipmentRequest';
import type { ScheduleShipmentResponse as _symphony_shipping_v1_ScheduleShipmentResponse, ScheduleShipmentResponse__Output as _symphony_shipping_v1_ScheduleShipmentResponse__Output } from '../../../symphony/shipping/v1/ScheduleShipmentResponse';

export interface ShippingServiceClient extends grpc.Client {
  CancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  CancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  CancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  CancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  cancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  cancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  cancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  cancelShipment(argument: _symphony_shipping_v1_CancelShipmentRequest, callback: grpc.requestCallback<_symphony_shipping_v1_CancelShipmentResponse__Output>): grpc.ClientUnaryCall;
  
  ScheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  ScheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  ScheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  ScheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  scheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  scheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  scheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  scheduleShipment(argument: _symphony_shipping_v1_ScheduleShipmentRequest, callback: grpc.requestCallback<_symphony_shipping_v1_ScheduleShipmentResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface ShippingServiceHandlers extends grpc.UntypedServiceImplementation {
  CancelShipment: grpc.handleUnaryCall<_symphony_shipping_v1_CancelShipmentRequest__Output, _symphony_shipping_v1_CancelShipmentResponse>;
  
  ScheduleShipment: grpc.handleUnaryCall<_symphony_shipping_v1_ScheduleShipmentRequest__Output, _symphony_shipping_v1_ScheduleShipmentResponse>;
  
}

export interface ShippingServiceDefinition extends grpc.ServiceDefinition {
  CancelShipment: MethodDefinition<_symphony_shipping_v1_CancelShipmentRequest, _symphony_shipping_v1_CancelShipmentResponse, _symphony_shipping_v1_CancelShipmentRequest__Output, _symphony_shipping_v1_CancelShipmentResponse__Output>
  ScheduleShipment: MethodDefinition<_symphony_shipping_v1_ScheduleShipmentRequest, _symphony_shipping_v1_ScheduleShipmentResponse, _symphony_shipping_v1_ScheduleShipmentRequest__Output, _symphony_shipping_v1_ScheduleShipmentResponse__Output>
}
