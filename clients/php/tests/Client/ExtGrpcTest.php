<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ClientConfig;
use Cognate\Client\Exception\NotFound;
use Cognate\Client\Transport\ExtGrpcTransport;
use Cognate\V1\WatchRequest;
use Cognate\V1\WatchResponse;
use Cognate\V1\WhoAmIRequest;
use Cognate\V1\WhoAmIResponse;
use PHPUnit\Framework\TestCase;

/** The extension itself is not packaged: this shows what is asked of it, not what it does. */
final class ExtGrpcTest extends TestCase
{
    private ExtGrpcTransport $transport;

    protected function setUp(): void
    {
        if (extension_loaded('grpc')) {
            self::markTestSkipped('[  SKIPPED ] the extension grpc itself is loaded; this test stands in for it');
        }
        require_once __DIR__ . '/Support/ext_grpc_stub.php';
        \Grpc\Call::$made = \Grpc\Call::$answers = [];
        $this->transport = new ExtGrpcTransport(ClientConfig::fromArray(['address' => 'http://127.0.0.1:7400', 'key' => 'cgk_x', 'timeout' => 2]));
    }

    /** @param array<string, list<string>> $metadata */
    private static function event(?string $message, int $code = 0, string $details = '', array $metadata = []): object
    {
        return (object) ['message' => $message, 'status' => (object) ['code' => $code, 'details' => $details, 'metadata' => $metadata]];
    }

    public function testACallSendsItsKeyAndItsDeadline(): void
    {
        \Grpc\Call::$answers = [self::event((new WhoAmIResponse(['effective_scopes' => ['read']]))->serializeToString())];
        $answer = $this->transport->unary('/a.B/C', new WhoAmIRequest(), WhoAmIResponse::class, new CallOptions(metadata: ['x-bin' => "\0"]));
        self::assertSame('read', $answer->getEffectiveScopes()[0]);
        $call = \Grpc\Call::$made[0];
        self::assertSame(['127.0.0.1:7400', '/a.B/C', 2_000_000], [$call->channel->target, $call->method, $call->deadline->microseconds]);
        $metadata = $call->batches[0][\Grpc\OP_SEND_INITIAL_METADATA];
        self::assertSame([['Bearer cgk_x'], ["\0"]], [$metadata['authorization'], $metadata['x-bin']]);
    }

    public function testAnErrorIsTheSameException(): void
    {
        \Grpc\Call::$answers = [self::event(null, 5, 'not there', ['x-request-id' => ['r']])];
        try {
            $this->transport->unary('/a.B/C', new WhoAmIRequest(), WhoAmIResponse::class, new CallOptions());
            self::fail('answered');
        } catch (NotFound $error) {
            self::assertSame(['not there', 'r'], [$error->getMessage(), $error->requestId]);
        }
    }

    public function testLeavingAStreamCancelsItAndItsEndDoesNot(): void
    {
        $message = self::event((new WatchResponse(['resume_token' => 't']))->serializeToString());
        \Grpc\Call::$answers = [$message, $message, self::event(null), self::event(null)];
        self::assertCount(2, iterator_to_array($this->transport->serverStream('/a.B/C', new WatchRequest(), WatchResponse::class, new CallOptions())));
        self::assertFalse(\Grpc\Call::$made[0]->isCancelled);
        \Grpc\Call::$answers = [$message];
        foreach ($this->transport->serverStream('/a.B/C', new WatchRequest(), WatchResponse::class, new CallOptions()) as $_) {
            break;
        }
        self::assertTrue(\Grpc\Call::$made[1]->isCancelled);
    }
}
