<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\CallOptions;
use Cognate\Client\ChangeBatch;
use Cognate\Client\ClientConfig;
use Cognate\Client\Cognate;
use Cognate\Client\Exception\DeadlineExceeded;
use Cognate\Client\Exception\InvalidArgument;
use Cognate\Client\Exception\ResourceExhausted;
use Cognate\Client\Exception\Unavailable;
use Cognate\Client\Exception\Unimplemented;
use Cognate\Client\PulledDeliveries;
use Cognate\Client\Transport\ConnectTransport;
use Cognate\Client\Transport\CurlHttp;
use Cognate\Client\Transport\StreamHttp;
use Cognate\Client\Value\Bytes;
use Cognate\Tests\Client\Support\Hub;
use Cognate\Tests\Client\Support\Wait;
use Cognate\V1\FieldType;
use Cognate\V1\Model;
use Cognate\V1\ModelField;
use Cognate\V1\PutModelsRequest;
use Cognate\V1\SubscribeRequest;
use Cognate\V1\WatchRequest;
use Cognate\V1\WatchResponse;
use PHPUnit\Framework\TestCase;

final class StreamTest extends TestCase
{
    protected function setUp(): void
    {
        if (!Hub::isBuilt()) {
            self::markTestSkipped('[  SKIPPED ] ' . Hub::binary() . ' is not built');
        }
    }

    /** @return array{string, string} a source and a target of the model `thing`, with a sync between them */
    private static function pair(Hub $hub): array
    {
        $platforms = [$hub->platform('source'), $hub->platform('target')];
        foreach ($platforms as $platform) {
            $fields = [
                new ModelField(['name' => 'id', 'type' => FieldType::FIELD_TYPE_TEXT]),
                new ModelField(['name' => 'body', 'type' => FieldType::FIELD_TYPE_BYTES, 'nullable' => true]),
            ];
            $hub->insider()->platformRegistry()->putModels(new PutModelsRequest([
                'platform' => "platforms/$platform",
                'models' => [new Model(['model' => 'thing', 'key_fields' => ['id'], 'fields' => $fields])],
            ]));
        }
        $hub->cli('sync', 'create', "s-$platforms[0]", '--from', "$platforms[0]:thing", '--to', "$platforms[1]:thing", '--all-fields', '--map', 'id=id');
        return $platforms;
    }

    private static function capture(Cognate $cognate, string $platform, int $count, int $bytes = 10): void
    {
        $batch = new ChangeBatch($platform);
        for ($i = 0; $i < $count; ++$i) {
            $batch->create('thing', "t$i", ['id' => "t$i", 'body' => new Bytes(random_bytes($bytes))]);
        }
        foreach ($batch->sendTo($cognate) as $captured) {
            self::assertSame('', $captured->reason, $captured->message);
        }
    }

    /** The answers of a subscription, through reconnections until the lane is open, as an agent does it. */
    private static function deliveries(Cognate $cognate, string $target, int $wanted): int
    {
        $got = 0;
        Wait::until(static function () use ($cognate, $target, $wanted, &$got): bool {
            try {
                foreach ($cognate->delivery()->subscribe(new SubscribeRequest(['platform' => $target, 'credits' => 20])) as $response) {
                    $pulled = PulledDeliveries::of($cognate, $target, $response);
                    foreach ($pulled as $delivery) {
                        $pulled->answer($delivery->applied("local-{$delivery->sourceLocalId}"));
                        ++$got;
                    }
                    $pulled->report();
                    if ($got >= $wanted) {
                        return true;
                    }
                }
            } catch (Unavailable) {
            }
            return false;
        });
        return $got;
    }

    public function testTwentyMegabytesOfDeliveriesStreamThroughLittleMemory(): void
    {
        $hub = Hub::plain();
        $cognate = $hub->insider();
        [$source, $target] = self::pair($hub);
        for ($i = 0; $i < 4; ++$i) {
            $batch = new ChangeBatch($source);
            for ($j = 0; $j < 20; ++$j) {
                $batch->create('thing', "t$i-$j", ['id' => "t$i-$j", 'body' => new Bytes(random_bytes(256 << 10))]);
            }
            self::assertTrue($batch->sendTo($cognate)[19]->isAccepted());
        }
        unset($batch);
        gc_collect_cycles();
        memory_reset_peak_usage();
        $before = memory_get_usage();
        self::assertSame(80, self::deliveries($cognate, $target, 80));
        $peak = memory_get_peak_usage() - $before;
        self::assertLessThan(64 << 20, $peak);
        fprintf(STDOUT, "\nfigure php.client.stream megabytes=20 peak_memory_megabytes=%.1f\n", $peak / (1 << 20));
    }

    public function testLeavingTheLoopCancelsTheCallAndTheHubSeesIt(): void
    {
        // It has room for two watchers: a third comes in only when one is gone.
        $cognate = Hub::narrow()->insider();
        $first = $cognate->feedback()->watch(new WatchRequest());
        $second = $cognate->feedback()->watch(new WatchRequest());
        self::assertInstanceOf(\Generator::class, $first);
        self::assertInstanceOf(\Generator::class, $second);
        self::assertInstanceOf(WatchResponse::class, $first->current());
        self::assertInstanceOf(WatchResponse::class, $second->current());
        try {
            foreach ($cognate->feedback()->watch(new WatchRequest()) as $_) {
                self::fail('there was room');
            }
        } catch (ResourceExhausted $error) {
            self::assertSame('TOO_MANY_WATCHERS', $error->reason);
        }
        unset($first);
        for ($i = 0; $i < 5; ++$i) {
            self::assertTrue(Wait::until(static function () use ($cognate): bool {
                try {
                    foreach ($cognate->feedback()->watch(new WatchRequest()) as $_) {
                        return true;
                    }
                } catch (ResourceExhausted) {
                }
                return false;
            }), "round $i");
        }
    }

    public function testEventsComeWhileOtherCallsAreMade(): void
    {
        $hub = Hub::plain();
        $cognate = $hub->insider();
        [$source, $target] = self::pair($hub);
        $applied = 0;
        foreach ($cognate->feedback()->watch(new WatchRequest(['platforms' => [$target]])) as $place => $response) {
            if ($place === 0) {
                self::capture($cognate, $source, 3);
                self::assertSame(3, self::deliveries($cognate, $target, 3));
            }
            $applied += count($response->getEvents());
            if ($applied >= 3) {
                break;
            }
        }
        self::assertGreaterThanOrEqual(3, $applied);
    }

    public function testAStreamEndsWithItsErrorAndWithItsTime(): void
    {
        $cognate = Hub::plain()->insider();
        try {
            foreach ($cognate->feedback()->watch(new WatchRequest(['resume_token' => 'nonsense'])) as $_) {
            }
            self::fail('answered');
        } catch (InvalidArgument $error) {
            self::assertSame('INVALID_FIELD', $error->reason);
        }
        $this->expectException(DeadlineExceeded::class);
        foreach ($cognate->feedback()->watch(new WatchRequest(), new CallOptions(timeout: 1.0)) as $_) {
        }
    }

    public function testAStreamThatSaysNothingIsTakenForLost(): void
    {
        $cognate = Hub::plain()->insider();
        try {
            foreach ($cognate->feedback()->watch(new WatchRequest(), new CallOptions(silence: 0.5)) as $_) {
            }
            self::fail('ended well');
        } catch (Unavailable $error) {
            self::assertSame('CONNECTION_LOST', $error->reason);
        }
    }

    /** @return iterable<string, array{bool}> */
    public static function carriers(): iterable
    {
        yield 'ext-curl' => [true];
        yield 'PHP streams' => [false];
    }

    /** @dataProvider carriers */
    public function testOverAGatewayEventsComeAsServerSentEvents(bool $isCurl): void
    {
        $hub = Hub::plain();
        $config = ClientConfig::fromArray(['address' => $hub->http, 'key' => $hub->key('--role', 'operator')]);
        $cognate = Cognate::over(new ConnectTransport($config, http: $isCurl ? new CurlHttp($config) : new StreamHttp($config)));
        [$source, $target] = self::pair($hub);
        $applied = 0;
        $token = '';
        foreach ($cognate->feedback()->watch(new WatchRequest(['platforms' => [$target]])) as $place => $response) {
            if ($place === 0) {
                self::capture($hub->insider(), $source, 3);
                self::assertSame(3, self::deliveries($hub->insider(), $target, 3));
            }
            $applied += count($response->getEvents());
            $token = $response->getResumeToken();
            if ($applied >= 3) {
                break;
            }
        }
        self::assertNotSame('', $token);
        try {
            foreach ($cognate->feedback()->watch(new WatchRequest(['resume_token' => 'nonsense'])) as $_) {
            }
            self::fail('answered');
        } catch (InvalidArgument $error) {
            self::assertSame('INVALID_FIELD', $error->reason);
        }
        $this->expectException(Unimplemented::class);
        foreach ($cognate->delivery()->subscribe(new SubscribeRequest(['platform' => $target])) as $_) {
        }
    }
}
