<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Tests\Client\Support\Hub;

/** gRPC over ext-curl, without TLS: each call has a connection of its own. */
final class GrpcOverTcpTest extends TransportContract
{
    protected static function hub(): Hub
    {
        return Hub::plain();
    }

    protected static function way(): array
    {
        return ['address' => self::hub()->url, 'transport' => 'grpc'];
    }

    protected static function label(): string
    {
        return 'grpc-plaintext';
    }
}
