// Original file: symphony/payment/v1/payment.proto

import type { Long } from '@grpc/proto-loader';

export interface ChargeRequest {
  'order_id'?: (string);
  'saga_id'?: (string);
  'user_id'?: (string);
  'pattern'?: (string);
  'amount_cents'?: (number | string | Long);
  'currency'?: (string);
  'payment_token'?: (string);
}

export interface ChargeRequest__Output {
  'order_id': (string);
  'saga_id': (string);
  'user_id': (string);
  'pattern': (string);
  'amount_cents': (number);
  'currency': (string);
  'payment_token': (string);
}
