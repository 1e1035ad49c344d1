<?php

declare(strict_types=1);

namespace Cognate\Client\Json;

use Google\Protobuf\Descriptor;
use Google\Protobuf\DescriptorPool;
use Google\Protobuf\FieldDescriptor;
use Google\Protobuf\Internal\GPBLabel;
use Google\Protobuf\Internal\GPBType;
use Google\Protobuf\Internal\Message;

/** The fields of message classes, and the names of enums, read once from what protoc has written into them. */
final class Shapes
{
    /** @var array<class-string, list<FieldShape>> */
    private static array $fields = [];
    /** @var array<class-string, array<int, string>> */
    private static array $enums = [];

    /** @return list<FieldShape> */
    public static function of(Message $message): array
    {
        return self::$fields[$message::class] ??= self::read($message);
    }

    /** @return list<FieldShape> */
    private static function read(Message $message): array
    {
        $descriptor = DescriptorPool::getGeneratedPool()->getDescriptorByClassName($message::class);
        $shapes = [];
        for ($i = 0; $i < $descriptor->getFieldCount(); ++$i) {
            $shapes[] = self::shape($descriptor->getField($i), $message);
        }
        return $shapes;
    }

    private static function shape(FieldDescriptor $field, ?Message $owner): FieldShape
    {
        $name = $field->getName();
        $camel = str_replace('_', '', ucwords($name, '_'));
        $entry = $field->isMap() ? $field->getMessageType() : null;
        $hasser = "has$camel";
        return new FieldShape(
            $name,
            lcfirst($camel),
            $field->getType(),
            $field->getLabel() === GPBLabel::REPEATED,
            $entry === null ? self::classOf($field) : null,
            "get$camel",
            "set$camel",
            $owner !== null && method_exists($owner, $hasser) ? $hasser : null,
            $entry === null ? null : self::entryField($entry, 1),
            $entry === null ? null : self::entryField($entry, 2),
        );
    }

    private static function entryField(Descriptor $entry, int $number): FieldShape
    {
        for ($i = 0; $i < $entry->getFieldCount(); ++$i) {
            if ($entry->getField($i)->getNumber() === $number) {
                return self::shape($entry->getField($i), null);
            }
        }
        throw new \LogicException("{$entry->getFullName()} is no entry of a map");
    }

    /** @return class-string|null */
    private static function classOf(FieldDescriptor $field): ?string
    {
        return match ($field->getType()) {
            GPBType::MESSAGE => $field->getMessageType()->getClass(),
            GPBType::ENUM => $field->getEnumType()->getClass(),
            default => null,
        };
    }

    /**
     * @param class-string $class
     * @return array<int, string> names by number
     */
    public static function enumNames(string $class): array
    {
        if (!isset(self::$enums[$class])) {
            $descriptor = DescriptorPool::getGeneratedPool()->getEnumDescriptorByClassName($class);
            self::$enums[$class] = [];
            for ($i = 0; $i < $descriptor->getValueCount(); ++$i) {
                $value = $descriptor->getValue($i);
                self::$enums[$class][$value->getNumber()] ??= $value->getName();
            }
        }
        return self::$enums[$class];
    }
}
