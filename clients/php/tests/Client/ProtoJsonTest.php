<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Json\NotReadable;
use Cognate\Client\Json\ProtoJson;
use Cognate\Client\Values;
use Cognate\Rpc\ErrorInfo;
use Cognate\Tests\Client\Support\Samples;
use Cognate\Tests\Client\Support\Seed;
use Cognate\V1\CaptureRequest;
use Cognate\V1\Change;
use Cognate\V1\Delivery;
use Cognate\V1\GetHistoryRequest;
use Cognate\V1\Key;
use Cognate\V1\Operation;
use Cognate\V1\PullRequest;
use Cognate\V1\UpdateKeyRequest;
use Cognate\V1\Value;
use Google\Protobuf\Duration;
use Google\Protobuf\FieldMask;
use Google\Protobuf\Internal\Message;
use Google\Protobuf\Timestamp;
use PHPUnit\Framework\TestCase;

final class ProtoJsonTest extends TestCase
{
    /** @return iterable<string, array{Message, string}> */
    public static function forms(): iterable
    {
        yield 'nothing' => [new PullRequest(), '{}'];
        yield 'numbers of 64 bits are texts' => [
            new Delivery(['version' => PHP_INT_MAX, 'entity_id' => 'e', 'operation' => Operation::OPERATION_DELETE]),
            '{"entityId":"e","version":"9223372036854775807","operation":"OPERATION_DELETE"}',
        ];
        yield 'a duration' => [
            new PullRequest(['platform' => 'ü', 'max_deliveries' => -3, 'wait' => new Duration(['seconds' => 1, 'nanos' => 500_000_000])]),
            '{"platform":"ü","maxDeliveries":-3,"wait":"1.500s"}',
        ];
        yield 'a negative duration' => [new PullRequest(['wait' => new Duration(['nanos' => -1])]), '{"wait":"-0.000000001s"}'];
        yield 'a time' => [
            new GetHistoryRequest(['since' => new Timestamp(['seconds' => -1, 'nanos' => 20_000])]),
            '{"since":"1969-12-31T23:59:59.000020Z"}',
        ];
        yield 'a field mask' => [
            new UpdateKeyRequest(['key' => new Key(['max_rate' => 0.5]), 'update_mask' => new FieldMask(['paths' => ['display_name', 'max_rate']])]),
            '{"key":{"maxRate":0.5},"updateMask":"displayName,maxRate"}',
        ];
        yield 'null of SQL' => [Values::toProto(null), '{"nullValue":null}'];
        yield 'false that is set' => [Values::toProto(false), '{"boolValue":false}'];
        yield 'no number' => [Values::toProto(NAN), '{"doubleValue":"NaN"}'];
        yield 'minus zero' => [Values::toProto(-0.0), '{"doubleValue":-0.0}'];
        yield 'bytes' => [Values::toProto(new \Cognate\Client\Value\Bytes("\xfb\xff")), '{"bytesValue":"+/8="}'];
        yield 'a map of the contract' => [
            new ErrorInfo(['reason' => 'A', 'metadata' => ['b' => 'c', '1' => 'd']]),
            '{"reason":"A","metadata":{"b":"c","1":"d"}}',
        ];
        yield 'an enum that is unknown' => [new Delivery(['operation' => 77]), '{"operation":77}'];
    }

    /** @dataProvider forms */
    public function testAMessageHasTheFormThatProtobufDefines(Message $message, string $json): void
    {
        self::assertSame($json, ProtoJson::encode($message));
        $read = new ($message::class)();
        ProtoJson::decode($json, $read);
        self::assertSame(bin2hex(@$message->serializeToString()), bin2hex(@$read->serializeToString()));
    }

    public function testOtherFormsThatAreAllowedAreRead(): void
    {
        $delivery = new Delivery();
        ProtoJson::decode(
            '{"entity_id":"e","version":42,"operation":2,"localId":null,"unknown":{"a":[1]},"captureTime":"2026-02-28T12:00:00+02:00",'
            . '"keyFields":["a"],"source":{},"ifExists":"OF_A_LATER_VERSION"}',
            $delivery
        );
        self::assertSame(['e', 42, 2, '', 0], [
            $delivery->getEntityId(), (int) $delivery->getVersion(), $delivery->getOperation(), $delivery->getLocalId(), $delivery->getIfExists(),
        ]);
        self::assertSame('2026-02-28T10:00:00+00:00', Values::time($delivery->getCaptureTime() ?? new Timestamp())->format(DATE_ATOM));
        $value = new Value();
        ProtoJson::decode('{"bytesValue":"-_8"}', $value);
        self::assertSame("\xfb\xff", $value->getBytesValue());
    }

    public function testDigitsAreKeptWherePhpIsToldToCutThem(): void
    {
        $before = (string) ini_set('serialize_precision', '5');
        try {
            $read = new Value();
            ProtoJson::decode(ProtoJson::encode(Values::toProto(0.12345678901234568)), $read);
            self::assertSame(0.12345678901234568, $read->getDoubleValue());
        } finally {
            ini_set('serialize_precision', $before);
        }
    }

    /** @return iterable<string, array{Message, string}> */
    public static function unreadable(): iterable
    {
        yield 'no JSON' => [new Delivery(), '{"version":'];
        yield 'a list' => [new Delivery(), '[1]'];
        yield 'a text' => [new Delivery(), '"x"'];
        yield 'no number' => [new Delivery(), '{"version":"12x"}'];
        yield 'a number beyond 64 bits' => [new Delivery(), '{"version":"9223372036854775808"}'];
        yield 'the same without quotes' => [new Delivery(), '{"version":9223372036854775808}'];
        yield 'a fraction' => [new Delivery(), '{"version":1.5}'];
        yield 'a number beyond 32 bits' => [new PullRequest(), '{"maxDeliveries":2147483648}'];
        yield 'a day that is none' => [new Delivery(), '{"captureTime":"2026-02-30T00:00:00Z"}'];
        yield 'no list' => [new Delivery(), '{"keyFields":"a"}'];
        yield 'no object' => [new Delivery(), '{"source":"a"}'];
        yield 'no base64' => [new Value(), '{"bytesValue":"*"}'];
        yield 'too deep' => [new Value(), str_repeat('{"listValue":{"values":[', 200) . str_repeat(']}}', 200)];
        yield 'not UTF-8' => [new Delivery(), "{\"entityId\":\"\xff\"}"];
    }

    /** @dataProvider unreadable */
    public function testWhatIsNoMessageIsRefusedInWords(Message $message, string $json): void
    {
        $this->expectException(NotReadable::class);
        ProtoJson::decode($json, $message);
    }

    public function testWhateverComesIsReadOrRefused(): void
    {
        Seed::start('ProtoJson');
        $json = ProtoJson::encode(new CaptureRequest(['platform' => 'till', 'changes' => [new Change([
            'change_id' => 'c', 'operation' => 1,
            'fields' => Values::fieldsToProto(array_map(static fn (array $field): mixed => $field[1], Samples::fields())),
        ])]]));
        $refused = 0;
        for ($i = 0; $i < 3000; ++$i) {
            $request = new CaptureRequest();
            try {
                ProtoJson::decode(Seed::mutated($json), $request);
                $again = new CaptureRequest();
                ProtoJson::decode(ProtoJson::encode($request), $again);
            } catch (NotReadable) {
                ++$refused;
            }
        }
        self::assertGreaterThan(100, $refused);
    }
}
