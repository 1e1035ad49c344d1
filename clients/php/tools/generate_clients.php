<?php

// Writes one client class for each service of a FileDescriptorSet (with source info), and one that gives them all:
//   php generate_clients.php SET.binpb DIR

declare(strict_types=1);

use Google\Protobuf\Internal\DescriptorProto;
use Google\Protobuf\Internal\FileDescriptorProto;
use Google\Protobuf\Internal\FileDescriptorSet;
use Google\Protobuf\Internal\MethodDescriptorProto;
use Google\Protobuf\Internal\ServiceDescriptorProto;

spl_autoload_register(static function (string $class): void {
    foreach (['/usr/share/php', __DIR__ . '/../vendor/google/protobuf/src'] as $root) {
        $file = $root . '/' . str_replace('\\', '/', $class) . '.php';
        if (is_file($file)) {
            require $file;
            return;
        }
    }
});

const SERVICE_FIELD = 6;  // In FileDescriptorProto.
const METHOD_FIELD = 2;   // In ServiceDescriptorProto.

/** Names that say by themselves that a call changes nothing. */
const READING = '/^(Get|BatchGet|List|Group|Explain|Preview|Rehearse|Lint|Compare|Match|Count|Watch|Reverse|WhoAmI|Verify|Resolve)/';

/**
 * May the call be sent again when nobody knows what became of it? Reads may; others where the contract says so.
 */
function isIdempotent(string $service, string $method, string $comment): bool
{
    if (preg_match('/[Nn]ot safe to retry/', $comment) === 1) {
        return false;
    }
    // ResolveConflict decides something.
    if (preg_match(READING, $method) === 1 && $method !== 'ResolveConflict') {
        return true;
    }
    return preg_match('/\b[Ii]dempotent\b|[Mm]ay be retried by anyone|[Ss]afe to call again/', $comment) === 1 || $method === 'Subscribe';
}

/** @return array<string, string> comments by path, such as `6,0,2,1` */
function commentsOf(FileDescriptorProto $file): array
{
    $comments = [];
    foreach ($file->getSourceCodeInfo()->getLocation() as $location) {
        $text = trim($location->getLeadingComments());
        if ($text !== '') {
            $path = implode(',', iterator_to_array($location->getPath()));
            $comments[$path] = implode("\n", array_map('rtrim', array_map(static fn ($l) => preg_replace('/^ /', '', $l), explode("\n", ' ' . $text))));
        }
    }
    return $comments;
}

function docblock(string $text, string $indent, array $tags = []): string
{
    $lines = $text === '' ? [] : explode("\n", $text);
    if ($lines !== [] && $tags !== []) {
        $lines[] = '';
    }
    $lines = [...$lines, ...$tags];
    if ($lines === []) {
        return '';
    }
    $out = "$indent/**\n";
    foreach ($lines as $line) {
        $out .= rtrim("$indent * " . str_replace('*/', '* /', $line)) . "\n";
    }
    return "$out$indent */\n";
}

/** `.cognate.v1.PullRequest` is `PullRequest`. */
function shortName(string $type): string
{
    return substr($type, strrpos($type, '.') + 1);
}

function methodSource(string $service, string $package, MethodDescriptorProto $method, string $comment): string
{
    $name = $method->getName();
    $request = shortName($method->getInputType());
    $response = shortName($method->getOutputType());
    $path = "/$package.$service/$name";
    $again = isIdempotent($service, $name, $comment) ? 'true' : 'false';
    $call = $method->getServerStreaming() ? 'serverStream' : 'unary';
    $type = $method->getServerStreaming() ? 'iterable' : $response;
    $tags = $method->getServerStreaming() ? ["@return \\Generator<int, $response, mixed, void>"] : [];
    $tags[] = '@throws CognateException';
    return docblock($comment, '    ', $tags)
        . '    public function ' . lcfirst($name) . "($request \$request, ?CallOptions \$options = null): $type\n    {\n"
        . "        \$options = (\$options ?? new CallOptions())->orIdempotent($again);\n"
        . "        return \$this->transport->$call('$path', \$request, $response::class, \$options);\n    }\n";
}

function classSource(FileDescriptorProto $file, int $index, ServiceDescriptorProto $service): string
{
    $comments = commentsOf($file);
    $uses = ['Cognate\\Client\\CallOptions', 'Cognate\\Client\\Exception\\CognateException', 'Cognate\\Client\\Transport'];
    $methods = [];
    $left = [];
    foreach ($service->getMethod() as $i => $method) {
        if ($method->getClientStreaming()) {
            $left[] = $method->getName();
            continue;
        }
        $path = implode(',', [SERVICE_FIELD, $index, METHOD_FIELD, $i]);
        $methods[] = methodSource($service->getName(), $file->getPackage(), $method, $comments[$path] ?? '');
        foreach ([$method->getInputType(), $method->getOutputType()] as $type) {
            $uses[] = 'Cognate\\V1\\' . shortName($type);
        }
    }
    $uses = array_unique($uses);
    sort($uses);
    $about = $comments[SERVICE_FIELD . ",$index"] ?? '';
    foreach ($left as $name) {
        $about .= "\n\nNot here: `$name`, which streams from the client; there is another call for the same.";
    }
    $name = $service->getName() . 'Client';
    return "<?php\n\n// Made by tools/generate from {$file->getName()}: change that instead.\n\ndeclare(strict_types=1);\n\n"
        . "namespace Cognate\\Client\\Generated;\n\n"
        . implode('', array_map(static fn ($use) => "use $use;\n", $uses)) . "\n"
        . docblock(trim($about), '')
        . "final class $name\n{\n"
        . "    public function __construct(private readonly Transport \$transport)\n    {\n    }\n\n"
        . implode("\n", $methods) . "}\n";
}

/** `KeyService` is given by `key()`, `ChangeCaptureService` by `capture()`. */
function accessor(string $service): string
{
    return $service === 'ChangeCaptureService' ? 'capture' : lcfirst((string) preg_replace('/Service$/', '', $service));
}

/** @param list<string> $names */
function servicesSource(array $names): string
{
    sort($names);
    $properties = '';
    $methods = [];
    foreach ($names as $name) {
        $word = accessor($name);
        $properties .= "    private ?{$name}Client \$$word = null;\n";
        $methods[] = "    public function $word(): {$name}Client\n    {\n"
            . "        return \$this->$word ??= new {$name}Client(\$this->transport());\n    }\n";
    }
    return "<?php\n\n// Made by tools/generate from the protos: change those instead.\n\ndeclare(strict_types=1);\n\n"
        . "namespace Cognate\\Client\\Generated;\n\nuse Cognate\\Client\\Transport;\n\n"
        . "/** A typed client for each service, made when it is asked for. */\ntrait Services\n{\n"
        . "$properties\n    abstract public function transport(): Transport;\n\n"
        . implode("\n", $methods) . "}\n";
}

/**
 * Messages with `optional` numbers and texts: runtimes before 4.0 keep whether one is set in a property that no class declares, which
 * PHP 8.2 complains of unless the class allows it.
 */
function allowDynamicProperties(FileDescriptorProto $file, string $directory): void
{
    foreach ($file->getMessageType() as $message) {
        $optional = array_filter(iterator_to_array($message->getField()), static fn ($field) => $field->getProto3Optional());
        if ($optional !== []) {
            $path = "$directory/Cognate/V1/{$message->getName()}.php";
            $source = (string) file_get_contents($path);
            file_put_contents($path, preg_replace('/^class /m', "#[\\AllowDynamicProperties]\nclass ", $source, 1));
        }
    }
}

$set = new FileDescriptorSet();
$set->mergeFromString((string) file_get_contents($argv[1]));
$directory = $argv[2] . '/Cognate/Client/Generated';
mkdir($directory, 0777, true);
$names = [];
foreach ($set->getFile() as $file) {
    allowDynamicProperties($file, $argv[2]);
    foreach ($file->getService() as $index => $service) {
        $names[] = $service->getName();
        file_put_contents("$directory/{$service->getName()}Client.php", classSource($file, $index, $service));
    }
}
file_put_contents("$directory/Services.php", servicesSource($names));
