// Original file: symphony/payment/v1/payment.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ChargeRequest as _symphony_payment_v1_ChargeRequest, ChargeRequest__Output as _symphony_payment_v1_ChargeRequest__Output } from '../../../symphony/payment/v1/ChargeRequest';
import type { ChargeResponse as _symphony_payment_v1_ChargeResponse, ChargeResponse__Output as _symphony_payment_v1_ChargeResponse__Output } from '../../../symphony/payment/v1/ChargeResponse';
import type { RefundRequest as _symphony_payment_v1_RefundRequest, RefundRequest__Output as _symphony_payment_v1_RefundRequest__Output } from '../../../symphony/payment/v1/RefundRequest';
import type { RefundResponse as _symphony_payment_v1_RefundResponse, RefundResponse__Output as _symphony_payment_v1_RefundResponse__Output } from '../../../symphony/payment/v1/RefundResponse';

export interface PaymentServiceClient extends grpc.Client {
  Charge(argument: _symphony_payment_v1_ChargeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  Charge(argument: _symphony_payment_v1_ChargeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  Charge(argument: _symphony_payment_v1_ChargeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  Charge(argument: _symphony_payment_v1_ChargeRequest, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  charge(argument: _symphony_payment_v1_ChargeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  charge(argument: _symphony_payment_v1_ChargeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  charge(argument: _symphony_payment_v1_ChargeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  charge(argument: _symphony_payment_v1_ChargeRequest, callback: grpc.requestCallback<_symphony_payment_v1_ChargeResponse__Output>): grpc.ClientUnaryCall;
  
  Refund(argument: _symphony_payment_v1_RefundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  Refund(argument: _symphony_payment_v1_RefundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  Refund(argument: _symphony_payment_v1_RefundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  Refund(argument: _symphony_payment_v1_RefundRequest, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  refund(argument: _symphony_payment_v1_RefundRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  refund(argument: _symphony_payment_v1_RefundRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  refund(argument: _symphony_payment_v1_RefundRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  refund(argument: _symphony_payment_v1_RefundRequest, callback: grpc.requestCallback<_symphony_payment_v1_RefundResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface PaymentServiceHandlers extends grpc.UntypedServiceImplementation {
  Charge: grpc.handleUnaryCall<_symphony_payment_v1_ChargeRequest__Output, _symphony_payment_v1_ChargeResponse>;
  
  Refund: grpc.handleUnaryCall<_symphony_payment_v1_RefundRequest__Output, _symphony_payment_v1_RefundResponse>;
  
}

export interface PaymentServiceDefinition extends grpc.ServiceDefinition {
  Charge: MethodDefinition<_symphony_payment_v1_ChargeRequest, _symphony_payment_v1_ChargeResponse, _symphony_payment_v1_ChargeRequest__Output, _symphony_payment_v1_ChargeResponse__Output>
  Refund: MethodDefinition<_symphony_payment_v1_RefundRequest, _symphony_payment_v1_RefundResponse, _symphony_payment_v1_RefundRequest__Output, _symphony_payment_v1_RefundResponse__Output>
}
