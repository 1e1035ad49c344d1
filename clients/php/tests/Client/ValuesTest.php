<?php

declare(strict_types=1);

namespace Cognate\Tests\Client;

use Cognate\Client\Exception\InvalidValue;
use Cognate\Client\Json\ProtoJson;
use Cognate\Client\Value\Bytes;
use Cognate\Client\Value\Date;
use Cognate\Client\Value\Decimal;
use Cognate\Client\Value\Encoded;
use Cognate\Client\Value\Map;
use Cognate\Client\Value\Omitted;
use Cognate\Client\Value\Reference;
use Cognate\Client\Values;
use Cognate\Tests\Client\Support\Samples;
use Cognate\V1\EncodedValue;
use Cognate\V1\Field;
use Cognate\V1\ListValue;
use Cognate\V1\MapValue;
use Cognate\V1\OmittedValue;
use Cognate\V1\Reference as ReferenceMessage;
use Cognate\V1\Value;
use Google\Protobuf\Timestamp;
use PHPUnit\Framework\TestCase;

final class ValuesTest extends TestCase
{
    /** @dataProvider \Cognate\Tests\Client\Support\Samples::values */
    public function testAValueKeepsItsTypeOverBothWaysOfTheWire(mixed $value): void
    {
        $message = Values::toProto($value);
        $binary = new Value();
        $binary->mergeFromString($message->serializeToString());
        self::assertSame(Samples::exact($value), Samples::exact(Values::fromProto($binary)));
        $json = new Value();
        ProtoJson::decode(ProtoJson::encode($message), $json);
        self::assertSame(Samples::exact($value), Samples::exact(Values::fromProto($json)));
    }

    public function testATimeOfAnotherZoneIsTheSameTime(): void
    {
        $time = new \DateTime('2026-02-28 12:00:00.123456+02:00');
        $read = Values::fromProto(Values::toProto($time));
        self::assertInstanceOf(\DateTimeImmutable::class, $read);
        self::assertSame('2026-02-28T10:00:00.123456+00:00', $read->format('Y-m-d\TH:i:s.uP'));
    }

    public function testWhatOnlyComesIsRead(): void
    {
        $reference = Values::fromProto(new Value(['reference_value' => new ReferenceMessage([
            'entity_id' => hex2bin('0194f0c8000070008000000000000001'), 'model' => 'person', 'local_id' => '71', 'optional' => true,
            'is_number' => true,
        ])]));
        self::assertInstanceOf(Reference::class, $reference);
        self::assertSame('0194f0c8-0000-7000-8000-000000000001', $reference->entityId);
        self::assertSame(71, $reference->id());
        self::assertTrue($reference->isOptional);
        $omitted = Values::fromProto(new Value(['omitted_value' => new OmittedValue(['size_bytes' => 9, 'limit_bytes' => 8])]));
        self::assertEquals(new Omitted(9, 8, false), $omitted);
        $encoded = Values::fromProto(new Value(['encoded_value' => new EncodedValue(['value' => Values::toProto([1]), 'encoding' => 1])]));
        self::assertEquals(new Encoded([1], 1), $encoded);
    }

    /** @return iterable<string, array{mixed, string}> */
    public static function wrongValues(): iterable
    {
        $deep = [];
        for ($i = 0; $i < 40; ++$i) {
            $deep = [$deep];
        }
        $ring = [];
        $ring[] = &$ring;
        yield 'bytes as text' => [['name' => "caf\xe9"], 'name: got bytes that are not UTF-8'];
        yield 'a name of bytes' => [["caf\xe9" => 1], 'a name: got bytes'];
        yield 'an object' => [['a' => ['b' => new \ArrayObject()]], 'a.b: got ArrayObject'];
        yield 'a resource' => [['a' => fopen('php://memory', 'r')], 'a: got resource'];
        yield 'too deep' => [['a' => $deep], '30 deep'];
        yield 'a ring' => [['a' => $ring], '30 deep'];
        yield 'a time of no year' => [['a' => [(new \DateTimeImmutable())->setDate(12345, 1, 1)]], 'a[0]: got the year 12345'];
    }

    /** @dataProvider wrongValues */
    public function testAWrongValueIsNamedByItsPlace(mixed $fields, string $message): void
    {
        $this->expectException(InvalidValue::class);
        $this->expectExceptionMessage($message);
        Values::fieldsToProto($fields);
    }

    public function testNoFloatBecomesADecimalUnseen(): void
    {
        foreach (['12,50', '0x1f', '1e', '', 'abc', ' 1', "1\n", str_repeat('9', 300_000)] as $text) {
            try {
                new Decimal($text);
                self::fail("taken: $text");
            } catch (InvalidValue $exception) {
                self::assertLessThan(300, strlen($exception->getMessage()));
            }
        }
        foreach (['-12.50', '1e3', 'NaN', '.5', '5.', '+7', '0'] as $text) {
            self::assertSame($text, (string) new Decimal($text));
        }
        $this->expectException(\TypeError::class);
        /** @phpstan-ignore-next-line */
        new Decimal(12.5);
    }

    public function testADateIsADayThatExists(): void
    {
        self::assertSame('2024-02-29', (string) Date::of(new \DateTimeImmutable('2024-02-29T23:30:00+13:00')));
        self::assertSame('2024-02-29T00:00:00+00:00', (new Date('2024-02-29'))->midnight()->format(DATE_ATOM));
        $this->expectException(InvalidValue::class);
        new Date('2026-02-29');
    }

    /** @return iterable<string, array{Value}> */
    public static function malformed(): iterable
    {
        $two = new Field(['name' => 'a', 'value' => Values::toProto(1)]);
        $deep = Values::toProto(1);
        for ($i = 0; $i < 60; ++$i) {
            $deep = new Value(['list_value' => new ListValue(['values' => [$deep]])]);
        }
        yield 'without a kind' => [new Value()];
        yield 'inside a list' => [new Value(['list_value' => new ListValue(['values' => [new Value()]])])];
        yield 'a field without a value' => [new Value(['map_value' => new MapValue(['fields' => [new Field(['name' => 'a'])]])])];
        yield 'a name twice' => [new Value(['map_value' => new MapValue(['fields' => [$two, $two]])])];
        yield 'a decimal' => [new Value(['decimal_value' => 'twelve'])];
        yield 'a date' => [new Value(['date_value' => '2026-13-01'])];
        yield 'nanos' => [new Value(['timestamp_value' => new Timestamp(['nanos' => -1])])];
        yield 'a far time' => [new Value(['timestamp_value' => new Timestamp(['seconds' => PHP_INT_MAX])])];
        yield 'a reference' => [new Value(['reference_value' => new ReferenceMessage(['entity_id' => 'short'])])];
        yield 'too deep' => [$deep];
    }

    /** @dataProvider malformed */
    public function testWhatIsMalformedIsRefusedInWords(Value $value): void
    {
        $this->expectException(InvalidValue::class);
        Values::fromProto($value, 'field');
    }

    public function testAnEmptyMapIsNoEmptyList(): void
    {
        self::assertSame([], Values::fromProto(Values::toProto([])));
        self::assertEquals(new Map(), Values::fromProto(Values::toProto(new \stdClass())));
        $map = Values::fromProto(Values::toProto(['b' => ['c' => null], 'd' => new Bytes("\0")]));
        self::assertInstanceOf(Map::class, $map);
        self::assertTrue(isset($map['b']['c']) || $map['b']['c'] === null);
        self::assertSame(['c' => null], $map->toArray()['b']);
        self::assertCount(2, $map);
    }

    public function testAnEnumIsItsValue(): void
    {
        self::assertSame('u', Values::fromProto(Values::toProto(Support\Colour::Umber)));
    }
}
