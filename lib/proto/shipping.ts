import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { Address as _symphony_shipping_v1_Address, Address__Output as _symphony_shipping_v1_Address__Output } from './symphony/shipping/v1/Address';
import type { CancelShipmentRequest as _symphony_shipping_v1_CancelShipmentRequest, CancelShipmentRequest__Output as _symphony_shipping_v1_CancelShipmentRequest__Output } from './symphony/shipping/v1/CancelShipmentRequest';
import type { CancelShipmentResponse as _symphony_shipping_v1_CancelShipmentResponse, CancelShipmentResponse__Output as _symphony_shipping_v1_CancelShipmentResponse__Output } from './symphony/shipping/v1/CancelShipmentResponse';
import type { ScheduleShipmentRequest as _symphony_shipping_v1_ScheduleShipmentRequest, ScheduleShipmentRequest__Output as _symphony_shipping_v1_ScheduleShipmentRequest__Output } from './symphony/shipping/v1/ScheduleShipmentRequest';
import type { ScheduleShipmentResponse as _symphony_shipping_v1_ScheduleShipmentResponse, ScheduleShipmentResponse__Output as _symphony_shipping_v1_ScheduleShipmentResponse__Output } from './symphony/shipping/v1/ScheduleShipmentResponse';
import type { ShippingServiceClient as _symphony_shipping_v1_ShippingServiceClient, ShippingServiceDefinition as _symphony_shipping_v1_ShippingServiceDefinition } from './symphony/shipping/v1/ShippingService';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  symphony: {
    shipping: {
      v1: {
        Address: MessageTypeDefinition<_symphony_shipping_v1_Address, _symphony_shipping_v1_Address__Output>
        CancelShipmentRequest: MessageTypeDefinition<_symphony_shipping_v1_CancelShipmentRequest, _symphony_shipping_v1_CancelShipmentRequest__Output>
        CancelShipmentResponse: MessageTypeDefinition<_symphony_shipping_v1_CancelShipmentResponse, _symphony_shipping_v1_CancelShipmentResponse__Output>
        ScheduleShipmentRequest: MessageTypeDefinition<_symphony_shipping_v1_ScheduleShipmentRequest, _symphony_shipping_v1_ScheduleShipmentRequest__Output>
        ScheduleShipmentResponse: MessageTypeDefinition<_symphony_shipping_v1_ScheduleShipmentResponse, _symphony_shipping_v1_ScheduleShipmentResponse__Output>
        ShippingService: SubtypeConstructor<typeof grpc.Client, _symphony_shipping_v1_ShippingServiceClient> & { service: _symphony_shipping_v1_ShippingServiceDefinition }
      }
    }
  }
}

