// Original file: symphony/inventory/v1/inventory.proto

import type { Long } from '@grpc/proto-loader';

export interface CheckAvailabilityResponse {
  'available'?: (boolean);
  'available_quantity'?: (number | string | Long);
  'price_cents'?: (number | string | Long);
  'currency'?: (string);
}

export interface CheckAvailabilityResponse__Output {
  'available': (boolean);
  'available_quantity': (number);
  'price_cents': (number);
  'currency': (string);
}
