// Original file: symphony/shipping/v1/shipping.proto

import type { Address as _symphony_shipping_v1_Address, Address__Output as _symphony_shipping_v1_Address__Output } from '../../../symphony/shipping/v1/Address';

export interface ScheduleShipmentRequest {
  'order_id'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
  'address'?: (_symphony_shipping_v1_Address | null);
}

export interface ScheduleShipmentRequest__Output {
  'order_id': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
  'address': (_symphony_shipping_v1_Address__Output | null);
}
