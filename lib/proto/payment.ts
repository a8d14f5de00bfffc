import type * as grpc from '@grpc/grpc-js';
import type { MessageTypeDefinition } from '@grpc/proto-loader';

import type { ChargeRequest as _symphony_payment_v1_ChargeRequest, ChargeRequest__Output as _symphony_payment_v1_ChargeRequest__Output } from './symphony/payment/v1/ChargeRequest';
import type { ChargeResponse as _symphony_payment_v1_ChargeResponse, ChargeResponse__Output as _symphony_payment_v1_ChargeResponse__Output } from './symphony/payment/v1/ChargeResponse';
import type { PaymentServiceClient as _symphony_payment_v1_PaymentServiceClient, PaymentServiceDefinition as _symphony_payment_v1_PaymentServiceDefinition } from './symphony/payment/v1/PaymentService';
import type { RefundRequest as _symphony_payment_v1_RefundRequest, RefundRequest__Output as _symphony_payment_v1_RefundRequest__Output } from './symphony/payment/v1/RefundRequest';
import type { RefundResponse as _symphony_payment_v1_RefundResponse, RefundResponse__Output as _symphony_payment_v1_RefundResponse__Output } from './symphony/payment/v1/RefundResponse';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  symphony: {
    payment: {
      v1: {
        ChargeRequest: MessageTypeDefinition<_symphony_payment_v1_ChargeRequest, _symphony_payment_v1_ChargeRequest__Output>
        ChargeResponse: MessageTypeDefinition<_symphony_payment_v1_ChargeResponse, _symphony_payment_v1_ChargeResponse__Output>
        PaymentService: SubtypeConstructor<typeof grpc.Client, _symphony_payment_v1_PaymentServiceClient> & { service: _symphony_payment_v1_PaymentServiceDefinition }
        RefundRequest: MessageTypeDefinition<_symphony_payment_v1_RefundRequest, _symphony_payment_v1_RefundRequest__Output>
        RefundResponse: MessageTypeDefinition<_symphony_payment_v1_RefundResponse, _symphony_payment_v1_RefundResponse__Output>
      }
    }
  }
}

