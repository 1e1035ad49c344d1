<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Tests\Client\Support\Hub;

/** gRPC over ext-curl on a unix socket. */
final class GrpcOverSocketTest extends TransportContract
{
    protected static function hub(): Hub
    {
        return Hub::plain();
    }

    protected static function way(): array
    {
        return ['address' => self::hub()->socket, 'transport' => 'grpc'];
    }

    protected static function label(): string
    {
        return 'grpc-socket';
    }
}
