"""The table of ``caffe.proto``; made by ``python -m dragoman_caffe.proto.generate``, not by hand.

A row of a message: name, number, kind (with ``*`` where it repeats), type and ``=default``. Rows are texts, which load
faster than a literal of a thousand tuples.
"""

from __future__ import annotations

MESSAGES: dict[str, str] = {
    "BlobShape": """\
dim 1 int*
""",
    "BlobProto": """\
num 1 int =0
channels 2 int =0
height 3 int =0
width 4 int =0
data 5 float*
diff 6 float*
shape 7 message BlobShape
double_data 8 double*
double_diff 9 double*
raw_data_type 10 enum Type
raw_diff_type 11 enum Type
raw_data 12 bytes
raw_diff 13 bytes
""",
    "BlobProtoVector": """\
blobs 1 message* BlobProto
""",
    "FillerParameter": """\
type 1 string =constant
value 2 float =0.0
min 3 float =0.0
max 4 float =1.0
mean 5 float =0.0
std 6 float =1.0
sparse 7 int =-1
variance_norm 8 enum FillerParameter.VarianceNorm =FAN_IN
file 9 string
diag_val 10 float*
""",
    "NetState": """\
phase 1 enum Phase =TEST
level 2 int =0
stage 3 string*
""",
    "NetStateRule": """\
phase 1 enum Phase
min_level 2 int
max_level 3 int
stage 4 string*
not_stage 5 string*
""",
    "NetParameter": """\
name 1 string
layers 2 message* V1LayerParameter
input 3 string*
input_dim 4 int*
force_backward 5 bool =false
state 6 message NetState
debug_info 7 bool =false
input_shape 8 message* BlobShape
layer 100 message* LayerParameter
default_forward_type 11 enum Type =FLOAT
default_backward_type 12 enum Type =FLOAT
default_forward_math 13 enum Type =FLOAT
default_backward_math 14 enum Type =FLOAT
global_grad_scale 15 float =1.0
default_conv_algos_override 17 string =-1,-1,-1
reduce_buckets 18 int =6
default_cudnn_math_override 19 int =-1
profile_info 9 bool =false
profile_iter 10 int =50
profile_warmup 11 int =10
""",
    "ParamSpec": """\
name 1 string
share_mode 2 enum ParamSpec.DimCheckMode
lr_mult 3 float =1.0
decay_mult 4 float =1.0
""",
    "LayerParameter": """\
name 1 string
type 2 string
bottom 3 string*
top 4 string*
loss_weight 5 float*
param 6 message* ParamSpec
blobs 7 message* BlobProto
include 8 message* NetStateRule
exclude 9 message* NetStateRule
phase 10 enum Phase
propagate_down 11 bool*
transform_param 100 message TransformationParameter
loss_param 101 message LossParameter
accuracy_param 102 message AccuracyParameter
argmax_param 103 message ArgMaxParameter
concat_param 104 message ConcatParameter
contrastive_loss_param 105 message ContrastiveLossParameter
convolution_param 106 message ConvolutionParameter
data_param 107 message DataParameter
dropout_param 108 message DropoutParameter
dummy_data_param 109 message DummyDataParameter
eltwise_param 110 message EltwiseParameter
exp_param 111 message ExpParameter
hdf5_data_param 112 message HDF5DataParameter
hdf5_output_param 113 message HDF5OutputParameter
hinge_loss_param 114 message HingeLossParameter
image_data_param 115 message ImageDataParameter
infogain_loss_param 116 message InfogainLossParameter
inner_product_param 117 message InnerProductParameter
lrn_param 118 message LRNParameter
memory_data_param 119 message MemoryDataParameter
mvn_param 120 message MVNParameter
pooling_param 121 message PoolingParameter
power_param 122 message PowerParameter
relu_param 123 message ReLUParameter
sigmoid_param 124 message SigmoidParameter
softmax_param 125 message SoftmaxParameter
slice_param 126 message SliceParameter
tanh_param 127 message TanHParameter
threshold_param 128 message ThresholdParameter
window_data_param 129 message WindowDataParameter
python_param 130 message PythonParameter
prelu_param 131 message PReLUParameter
spp_param 132 message SPPParameter
reshape_param 133 message ReshapeParameter
log_param 134 message LogParameter
flatten_param 135 message FlattenParameter
reduction_param 136 message ReductionParameter
embed_param 137 message EmbedParameter
tile_param 138 message TileParameter
batch_norm_param 139 message BatchNormParameter
elu_param 140 message ELUParameter
bias_param 141 message BiasParameter
scale_param 142 message ScaleParameter
input_param 143 message InputParameter
crop_param 144 message CropParameter
parameter_param 145 message ParameterParameter
recurrent_param 146 message RecurrentParameter
swish_param 147 message SwishParameter
clip_param 148 message ClipParameter
annotated_data_param 200 message AnnotatedDataParameter
multibox_loss_param 201 message MultiBoxLossParameter
permute_param 202 message PermuteParameter
prior_box_param 203 message PriorBoxParameter
detection_output_param 204 message DetectionOutputParameter
detection_evaluate_param 205 message DetectionEvaluateParameter
norm_param 206 message NormalizeParameter
video_data_param 207 message VideoDataParameter
roi_pooling_param 8266711 message ROIPoolingParameter
smooth_l1_loss_param 148 message SmoothL1LossParameter
box_annotator_ohem_param 152 message BoxAnnotatorOHEMParameter
psroi_pooling_param 10002 message PSROIPoolingParameter
box_output_param 151 message BoxOutputParameter
ring_pad_param 158 message RingPadParameter
mish_param 150 message MishParameter
reorg_param 159 message ReorgParameter
upsample_param 149 message UpsampleParameter
yolo_v2_loss_param 198 message YoloV2LossParameter
yolo_v3_loss_param 199 message YoloV3LossParameter
region_loss_param 209 message RegionLossParameter
eval_detection_param 301 message EvalDetectionParameter
yolo_detection_output_param 601 message YoloDetectionOutputParameter
yolov3_detection_output_param 602 message Yolov3DetectionOutputParameter
yolov3_param 603 message Yolov3Parameter
bn_param 45 message BNParameter
dense_image_data_param 138 message DenseImageDataParameter
interp_param 143 message InterpParameter
batch_reduction_param 162 message BatchReductionParameter
coeff_schedule_param 148 message CoeffScheduleParameter
augmentation_param 149 message AugmentationParameter
correlation_param 150 message CorrelationParameter
l1_loss_param 151 message L1LossParameter
writer_param 152 message WriterParameter
reader_param 153 message ReaderParameter
mean_param 154 message MeanParameter
resample_param 155 message ResampleParameter
downsample_param 156 message DownsampleParameter
reshape_every_iter 157 bool =true
lpq_loss_param 158 message LpqLossParameter
flow_warp_param 159 message FlowWarpParameter
accum_param 160 message AccumParameter
black_augmentation_param 161 message BlackAugmentationParameter
split_param 147 message SplitParameter
engine 149 string =
multinode 150 message MultinodeLayerParameter
mn_activation_param 151 message MnActivationParameter
spatial_dropout_param 155 message SpatialDropoutParameter
mn_grad_compress_param 156 message MnParamGradCompressParameter
quantization_param 158 message QuantizationParameter
continuation_indicator_param 200 message ContinuationIndicatorParameter
forward_type 145 enum Type =FLOAT
backward_type 146 enum Type =FLOAT
forward_math 147 enum Type =FLOAT
backward_math 148 enum Type =FLOAT
debug 149 bool =false
cudnn_math_override 150 int =-1
detectnet_groundtruth_param 6801 message DetectNetGroundTruthParameter
detectnet_augmentation_param 6802 message DetectNetAugmentationParameter
reverse_param 147 message ReverseParameter
ctc_loss_param 148 message CTCLossParameter
ctc_decoder_param 149 message CTCDecoderParameter
st_param 150 message SpatialTransformerParameter
st_loss_param 151 message STLossParameter
power_file_param 152 message PowerFileParameter
loc_loss_param 153 message LocLossParameter
proposal_param 201 message ProposalParameter
cosine_similarity_batch_param 202 message CosineSimilarityBatchParameter
rss_loss_param 203 message RandomSamplingSoftmaxLossParameter
roi_warping_param 205 message ROIWarpingParameter
grn_param 213 message GRNParameter
region_yolo_param 214 message RegionYoloParameter
reorg_yolo_param 215 message ReorgYoloParameter
relu6_param 216 message ReLU6Parameter
shuffle_channel_param 224 message ShuffleChannelParameter
channel_permutation_param 8082 message ChannelPermutationParameter
""",
    "TransformationParameter": """\
scale 1 float =1.0
mirror 2 bool =false
crop_size 3 uint =0
mean_file 4 string
mean_value 5 float*
force_color 6 bool =false
force_gray 7 bool =false
resize_param 8 message ResizeParameter
noise_param 9 message NoiseParameter
emit_constraint 10 message EmitConstraint
crop_h 11 uint =0
crop_w 12 uint =0
distort_param 13 message DistortionParameter
expand_param 14 message ExpansionParameter
random_resize_param 15 message RandomResizeParameter
random_aspect_ratio_param 16 message RandomAspectRatioParameter
flow 17 bool =false
use_gpu_transform 8 bool =false
random_seed 9 int =-1
img_rand_resize_lower 10 uint =0
img_rand_resize_upper 11 uint =0
var_sz_img_enabled 12 bool =false
display 20 bool =false
num_labels 21 int =0
""",
    "LossParameter": """\
ignore_label 1 int
normalize 2 bool
normalization 3 enum LossParameter.NormalizationMode =VALID
pre_fixed_normalizer 4 float =1.0
weight_by_label_freqs 3 bool =false
class_weighting 4 float*
label_smoothing 5 float =0.0
""",
    "AccuracyParameter": """\
top_k 1 uint =1
axis 2 int =1
ignore_label 3 int
""",
    "ArgMaxParameter": """\
out_max_val 1 bool =false
top_k 2 uint =1
axis 3 int
""",
    "BatchNormParameter": """\
use_global_stats 1 bool
moving_average_fraction 2 float =0.999
eps 3 float =1e-05
engine 4 enum BatchNormParameter.Engine =DEFAULT
use_weight_bias 5 bool =true
bias_term 6 bool =true
filler 7 message FillerParameter
bias_filler 8 message FillerParameter
stats_batch_size 9 uint =0
relu 10 bool =false
scale_filler 5 message FillerParameter
scale_bias 7 bool =false
""",
    "BiasParameter": """\
axis 1 int =1
num_axes 2 int =1
filler 3 message FillerParameter
""",
    "ClipParameter": """\
min 1 float
max 2 float
""",
    "ConcatParameter": """\
concat_dim 1 uint =1
axis 2 int =1
engine 3 enum ConcatParameter.Engine =DEFAULT
""",
    "ContrastiveLossParameter": """\
margin 1 float =1.0
legacy_version 2 bool =false
""",
    "ConvolutionParameter": """\
num_output 1 uint
bias_term 2 bool =true
pad 3 uint*
kernel_size 4 uint*
group 5 uint =1
stride 6 uint*
weight_filler 7 message FillerParameter
bias_filler 8 message FillerParameter
pad_h 9 uint =0
pad_w 10 uint =0
kernel_h 11 uint
kernel_w 12 uint
stride_h 13 uint
stride_w 14 uint
engine 15 enum ConvolutionParameter.Engine =DEFAULT
axis 16 int =1
force_nd_im2col 17 bool =false
dilation 18 uint*
hole 17 uint =1
hole_h 18 uint =1
hole_w 19 uint =1
relu 19 bool =false
negative_slope 20 float =0.0
conv_algorithm 21 string =direct
cudnn_convolution_algo_seeker 19 enum ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker =FINDEX
conv_algos_override 20 string =-1,-1,-1
""",
    "CropParameter": """\
axis 1 int =2
offset 2 uint*
dimsize 3 uint*
""",
    "DataParameter": """\
source 1 string
scale 2 float =1.0
mean_file 3 string
batch_size 4 uint
crop_size 5 uint =0
mirror 6 bool =false
rand_skip 7 uint =0
backend 8 enum DataParameter.DB =LEVELDB
force_encoded_color 9 bool =false
prefetch 10 uint =4
side 11 uint*
preselection_file 3001 string
preselection_label 3002 int
range_start 3003 int =0
range_end 3004 int =-1
rand_permute 3005 bool =false
rand_permute_order 3006 enum DataParameter.RANDPERMORDER =FIRST_PERMUTE_THEN_RANGE
rand_permute_seed 3007 uint =0
slice_point 3008 uint*
encoding 3009 enum* DataParameter.CHANNELENCODING
verbose 3010 bool =false
subtract 3011 float*
permute_every_iter 3012 uint =0
block_size 3013 uint =0
disk_reader_threads 4001 uint =1
huge_video_dataset 7000 bool =false
limit_samples 7001 int =-1
shuffle 11 bool =false
threads 11 uint =0
parser_threads 12 uint =0
cache 13 bool =false
""",
    "DropoutParameter": """\
dropout_ratio 1 float =0.5
sample_weights_test 2 bool =false
scale_train 3 bool =true
engine 2 enum DropoutParameter.Engine =DEFAULT
random_seed 3 int =-1
""",
    "DummyDataParameter": """\
data_filler 1 message* FillerParameter
num 2 uint*
channels 3 uint*
height 4 uint*
width 5 uint*
shape 6 message* BlobShape
""",
    "EltwiseParameter": """\
operation 1 enum EltwiseParameter.EltwiseOp =SUM
coeff 2 float*
stable_prod_grad 3 bool =true
engine 4 enum EltwiseParameter.Engine =DEFAULT
""",
    "ELUParameter": """\
alpha 1 float =1.0
lambda 2 float =1.0
""",
    "EmbedParameter": """\
num_output 1 uint
input_dim 2 uint
bias_term 3 bool =true
weight_filler 4 message FillerParameter
bias_filler 5 message FillerParameter
""",
    "ExpParameter": """\
base 1 float =-1.0
scale 2 float =1.0
shift 3 float =0.0
""",
    "FlattenParameter": """\
axis 1 int =1
end_axis 2 int =-1
""",
    "HDF5DataParameter": """\
source 1 string
batch_size 2 uint
shuffle 3 bool =false
""",
    "HDF5OutputParameter": """\
file_name 1 string
""",
    "HingeLossParameter": """\
norm 1 enum HingeLossParameter.Norm =L1
""",
    "ImageDataParameter": """\
source 1 string
scale 2 float =1.0
mean_file 3 string
batch_size 4 uint =1
crop_size 5 uint =0
mirror 6 bool =false
rand_skip 7 uint =0
shuffle 8 bool =false
new_height 9 uint =0
new_width 10 uint =0
is_color 11 bool =true
root_folder 12 string =
h_offset 13 uint =0
w_offset 14 uint =0
h_crop 15 uint =0
w_crop 16 uint =0
nn_interp 17 bool =true
min_height 13 uint =0
min_width 14 uint =0
""",
    "InfogainLossParameter": """\
source 1 string
axis 2 int =1
""",
    "InnerProductParameter": """\
num_output 1 uint
bias_term 2 bool =true
weight_filler 3 message FillerParameter
bias_filler 4 message FillerParameter
axis 5 int =1
transpose 6 bool =false
engine 7 enum InnerProductParameter.Engine =DEFAULT
""",
    "InputParameter": """\
shape 1 message* BlobShape
""",
    "LogParameter": """\
base 1 float =-1.0
scale 2 float =1.0
shift 3 float =0.0
""",
    "LRNParameter": """\
local_size 1 uint =5
alpha 2 float =1.0
beta 3 float =0.75
norm_region 4 enum LRNParameter.NormRegion =ACROSS_CHANNELS
k 5 float =1.0
engine 6 enum LRNParameter.Engine =DEFAULT
""",
    "MemoryDataParameter": """\
batch_size 1 uint
channels 2 uint
height 3 uint
width 4 uint
""",
    "MVNParameter": """\
normalize_variance 1 bool =true
across_channels 2 bool =false
eps 3 float =1e-09
""",
    "ParameterParameter": """\
shape 1 message BlobShape
""",
    "PoolingParameter": """\
pool 1 enum PoolingParameter.PoolMethod =MAX
kernel_size 2 uint
stride 3 uint =1
pad 4 uint =0
kernel_h 5 uint
kernel_w 6 uint
stride_h 7 uint
stride_w 8 uint
pad_h 9 uint =0
pad_w 10 uint =0
engine 11 enum PoolingParameter.Engine =DEFAULT
global_pooling 12 bool =false
round_mode 13 enum PoolingParameter.RoundMode =CEIL
ceil_mode 13 bool =true
avg_include_pad 13 bool =true
axis 14 int =1
""",
    "PowerParameter": """\
power 1 float =1.0
scale 2 float =1.0
shift 3 float =0.0
""",
    "PReLUParameter": """\
filler 1 message FillerParameter
channel_shared 2 bool =false
""",
    "PythonParameter": """\
module 1 string
layer 2 string
param_str 3 string =
share_in_parallel 4 bool =false
""",
    "RecurrentParameter": """\
num_output 1 uint =0
weight_filler 2 message FillerParameter
bias_filler 3 message FillerParameter
debug_info 4 bool =false
expose_hidden 5 bool =false
""",
    "ReductionParameter": """\
operation 1 enum ReductionParameter.ReductionOp =SUM
axis 2 int =0
coeff 3 float =1.0
""",
    "ReLUParameter": """\
negative_slope 1 float =0.0
engine 2 enum ReLUParameter.Engine =DEFAULT
fuse 3 bool =false
""",
    "ReshapeParameter": """\
shape 1 message BlobShape
axis 2 int =0
num_axes 3 int =-1
""",
    "ScaleParameter": """\
axis 1 int =1
num_axes 2 int =1
filler 3 message FillerParameter
bias_term 4 bool =false
bias_filler 5 message FillerParameter
""",
    "SigmoidParameter": """\
engine 1 enum SigmoidParameter.Engine =DEFAULT
""",
    "SliceParameter": """\
slice_dim 1 uint =1
slice_point 2 uint*
axis 3 int =1
""",
    "SoftmaxParameter": """\
engine 1 enum SoftmaxParameter.Engine =DEFAULT
axis 2 int =1
""",
    "SPPParameter": """\
pyramid_height 1 uint
pool 2 enum SPPParameter.PoolMethod =MAX
engine 6 enum SPPParameter.Engine =DEFAULT
""",
    "SwishParameter": """\
beta 1 float =1.0
""",
    "TanHParameter": """\
engine 1 enum TanHParameter.Engine =DEFAULT
""",
    "ThresholdParameter": """\
threshold 1 float =0.0
""",
    "TileParameter": """\
axis 1 int =1
tiles 2 int
""",
    "WindowDataParameter": """\
source 1 string
scale 2 float =1.0
mean_file 3 string
batch_size 4 uint
crop_size 5 uint =0
mirror 6 bool =false
fg_threshold 7 float =0.5
bg_threshold 8 float =0.5
fg_fraction 9 float =0.25
context_pad 10 uint =0
crop_mode 11 string =warp
cache_images 12 bool =false
root_folder 13 string =
""",
    "V1LayerParameter": """\
layer 1 message V0LayerParameter
bottom 2 string*
top 3 string*
name 4 string
type 5 enum V1LayerParameter.LayerType
blobs 6 message* BlobProto
blobs_lr 7 float*
weight_decay 8 float*
concat_param 9 message ConcatParameter
convolution_param 10 message ConvolutionParameter
data_param 11 message DataParameter
dropout_param 12 message DropoutParameter
hdf5_data_param 13 message HDF5DataParameter
hdf5_output_param 14 message HDF5OutputParameter
image_data_param 15 message ImageDataParameter
infogain_loss_param 16 message InfogainLossParameter
inner_product_param 17 message InnerProductParameter
lrn_param 18 message LRNParameter
pooling_param 19 message PoolingParameter
window_data_param 20 message WindowDataParameter
power_param 21 message PowerParameter
memory_data_param 22 message MemoryDataParameter
argmax_param 23 message ArgMaxParameter
eltwise_param 24 message EltwiseParameter
threshold_param 25 message ThresholdParameter
dummy_data_param 26 message DummyDataParameter
accuracy_param 27 message AccuracyParameter
hinge_loss_param 29 message HingeLossParameter
relu_param 30 message ReLUParameter
slice_param 31 message SliceParameter
include 32 message* NetStateRule
exclude 33 message* NetStateRule
mvn_param 34 message MVNParameter
loss_weight 35 float*
transform_param 36 message TransformationParameter
tanh_param 37 message TanHParameter
sigmoid_param 38 message SigmoidParameter
softmax_param 39 message SoftmaxParameter
contrastive_loss_param 40 message ContrastiveLossParameter
exp_param 41 message ExpParameter
loss_param 42 message LossParameter
param 1001 string*
blob_share_mode 1002 enum* V1LayerParameter.DimCheckMode
""",
    "V0LayerParameter": """\
name 1 string
type 2 string
num_output 3 uint
biasterm 4 bool =true
weight_filler 5 message FillerParameter
bias_filler 6 message FillerParameter
pad 7 uint =0
kernelsize 8 uint
group 9 uint =1
stride 10 uint =1
pool 11 enum V0LayerParameter.PoolMethod =MAX
dropout_ratio 12 float =0.5
local_size 13 uint =5
alpha 14 float =1.0
beta 15 float =0.75
source 16 string
scale 17 float =1.0
meanfile 18 string
batchsize 19 uint
cropsize 20 uint =0
mirror 21 bool =false
k 22 float =1.0
blobs 50 message* BlobProto
blobs_lr 51 float*
weight_decay 52 float*
rand_skip 53 uint =0
det_fg_threshold 54 float =0.5
det_bg_threshold 55 float =0.5
det_fg_fraction 56 float =0.25
det_context_pad 58 uint =0
det_crop_mode 59 string =warp
new_num 60 int =0
new_channels 61 int =0
new_height 62 int =0
new_width 63 int =0
shuffle_images 64 bool =false
concat_dim 65 uint =1
hdf5_output_param 1001 message HDF5OutputParameter
""",
    "AnnotatedDatum": """\
""",
    "AnnotatedDataParameter": """\
batch_sampler 1 message* BatchSampler
label_map_file 2 string
anno_type 3 enum AnnotatedDatum.AnnotationType
yolo_data_type 4 int =0
yolo_data_jitter 5 float =0.3
""",
    "BatchSampler": """\
use_original_image 1 bool =true
sampler 2 message Sampler
sample_constraint 3 message SampleConstraint
max_sample 4 uint
max_trials 5 uint =100
""",
    "Sampler": """\
min_scale 1 float =1.0
max_scale 2 float =1.0
min_aspect_ratio 3 float =1.0
max_aspect_ratio 4 float =1.0
""",
    "SampleConstraint": """\
min_jaccard_overlap 1 float
max_jaccard_overlap 2 float
min_sample_coverage 3 float
max_sample_coverage 4 float
min_object_coverage 5 float
max_object_coverage 6 float
""",
    "DetectionEvaluateParameter": """\
num_classes 1 uint
background_label_id 2 uint =0
overlap_threshold 3 float =0.5
evaluate_difficult_gt 4 bool =true
name_size_file 5 string
resize_param 6 message ResizeParameter
""",
    "DetectionOutputParameter": """\
num_classes 1 uint
share_location 2 bool =true
background_label_id 3 int =0
nms_param 4 message NonMaximumSuppressionParameter
save_output_param 5 message SaveOutputParameter
code_type 6 enum PriorBoxParameter.CodeType =CORNER
keep_top_k 7 int =-1
variance_encoded_in_target 8 bool =false
confidence_threshold 9 float
visualize 10 bool =false
visualize_threshold 11 float
save_file 12 string
objectness_score 24 float =0.01
normalized_bbox 10 bool =true
input_width 13 int =-1
input_height 14 int =-1
normalized 15 bool =true
""",
    "MultiBoxLossParameter": """\
loc_loss_type 1 enum MultiBoxLossParameter.LocLossType =SMOOTH_L1
conf_loss_type 2 enum MultiBoxLossParameter.ConfLossType =SOFTMAX
loc_weight 3 float =1.0
num_classes 4 uint
share_location 5 bool =true
match_type 6 enum MultiBoxLossParameter.MatchType =PER_PREDICTION
overlap_threshold 7 float =0.5
use_prior_for_matching 8 bool =true
background_label_id 9 uint =0
use_difficult_gt 10 bool =true
do_neg_mining 11 bool
neg_pos_ratio 12 float =3.0
neg_overlap 13 float =0.5
code_type 14 enum PriorBoxParameter.CodeType =CORNER
encode_variance_in_target 16 bool =false
map_object_to_agnostic 17 bool =false
ignore_cross_boundary_bbox 18 bool =false
bp_inside 19 bool =false
mining_type 20 enum MultiBoxLossParameter.MiningType =MAX_NEGATIVE
nms_param 21 message NonMaximumSuppressionParameter
sample_size 22 int =64
use_prior_for_nms 23 bool =false
""",
    "NonMaximumSuppressionParameter": """\
nms_threshold 1 float =0.3
top_k 2 int
eta 3 float =1.0
""",
    "NormalizeParameter": """\
across_spatial 1 bool =true
scale_filler 2 message FillerParameter
channel_shared 3 bool =true
eps 4 float =1e-10
""",
    "PermuteParameter": """\
order 1 uint*
""",
    "PriorBoxParameter": """\
min_size 1 float*
max_size 2 float*
aspect_ratio 3 float*
flip 4 bool =true
clip 5 bool =false
variance 6 float*
img_size 7 uint
img_h 8 uint
img_w 9 uint
step 10 float
step_h 11 float
step_w 12 float
offset 13 float =0.5
offset_h 14 float*
offset_w 15 float*
width 14 float*
height 15 float*
fixed_size 16 float*
fixed_ratio 17 float*
density 18 float*
""",
    "ResizeParameter": """\
prob 1 float =1.0
resize_mode 2 enum ResizeParameter.Resize_mode =WARP
height 3 uint =0
width 4 uint =0
pad_mode 5 enum ResizeParameter.Pad_mode =CONSTANT
pad_value 6 float*
interp_mode 7 enum* ResizeParameter.Interp_mode
height_scale 8 uint =0
width_scale 9 uint =0
""",
    "SaveOutputParameter": """\
output_directory 1 string
output_name_prefix 2 string
output_format 3 string
label_map_file 4 string
name_size_file 5 string
num_test_image 6 uint
resize_param 7 message ResizeParameter
""",
    "NoiseParameter": """\
prob 1 float =0.0
hist_eq 2 bool =false
inverse 3 bool =false
decolorize 4 bool =false
gauss_blur 5 bool =false
jpeg 6 float =-1.0
posterize 7 bool =false
erode 8 bool =false
saltpepper 9 bool =false
saltpepper_param 10 message SaltPepperParameter
clahe 11 bool =false
convert_to_hsv 12 bool =false
convert_to_lab 13 bool =false
""",
    "SaltPepperParameter": """\
fraction 1 float =0.0
value 2 float*
""",
    "DistortionParameter": """\
brightness_prob 1 float =0.0
brightness_delta 2 float =0.0
contrast_prob 3 float =0.0
contrast_lower 4 float =0.0
contrast_upper 5 float =0.0
hue_prob 6 float =0.0
hue_delta 7 float =0.0
saturation_prob 8 float =0.0
saturation_lower 9 float =0.0
saturation_upper 10 float =0.0
random_order_prob 11 float =0.0
""",
    "ExpansionParameter": """\
prob 1 float =1.0
max_expand_ratio 2 float =1.0
""",
    "EmitConstraint": """\
emit_type 1 enum EmitConstraint.EmitType =CENTER
emit_overlap 2 float
""",
    "VideoDataParameter": """\
video_type 1 enum VideoDataParameter.VideoType =WEBCAM
device_id 2 int =0
video_file 3 string
skip_frames 4 uint =0
""",
    "BoxAnnotatorOHEMParameter": """\
roi_per_img 1 uint
ignore_label 2 int =-1
""",
    "BoxOutputParameter": """\
fg_thr 1 float =0.0
iou_thr 2 float =0.5
nms_type 3 string =IOU
field_h 4 uint*
field_w 5 uint*
downsample_rate 6 uint*
field_whr 7 float =2.0
field_xyr 8 float =2.0
max_nms_num 9 uint =0
max_post_nms_num 10 uint =0
min_size 11 float =15.0
num_param_set 12 uint =1
ringpad 13 bool =false
""",
    "PSROIPoolingParameter": """\
spatial_scale 1 float
output_dim 2 int
group_size 3 int
""",
    "RingPadParameter": """\
axis 1 int =1
pad 2 int =1
""",
    "ROIPoolingParameter": """\
pooled_h 1 uint =0
pooled_w 2 uint =0
spatial_scale 3 float =1.0
ringpad 5 bool =false
pad_ratio 6 float =0.0
pooled_size 4 uint*
""",
    "SmoothL1LossParameter": """\
sigma 1 float =1.0
""",
    "EvalDetectionParameter": """\
side 1 uint =7
num_class 2 uint =20
num_object 3 uint =2
threshold 4 float =0.5
sqrt 5 bool =true
constriant 6 bool =true
score_type 7 enum EvalDetectionParameter.ScoreType =MULTIPLY
nms 8 float =-1.0
biases 9 float*
""",
    "MishParameter": """\
engine 2 enum MishParameter.Engine =DEFAULT
""",
    "RegionLossParameter": """\
side 1 uint =13
num_class 2 uint =20
bias_match 3 uint =1
coords 4 uint =4
num 5 uint =5
softmax 6 uint =1
jitter 7 float =0.2
rescore 8 uint =1
object_scale 9 float =1.0
class_scale 10 float =1.0
noobject_scale 11 float =0.5
coord_scale 12 float =5.0
absolute 13 uint =1
thresh 14 float =0.2
random 15 uint =1
biases 16 float*
softmax_tree 17 string
class_map 18 string
""",
    "ReorgParameter": """\
stride 1 uint
reverse 2 bool =false
""",
    "YoloDetectionOutputParameter": """\
side 1 uint =13
num_classes 2 uint =20
num_box 3 uint =5
coords 4 uint =4
confidence_threshold 5 float =0.01
nms_threshold 6 float =0.45
biases 7 float*
label_map_file 8 string
""",
    "YoloV2LossParameter": """\
anchors 1 float*
side 2 int
num_classes 3 int
num_object 4 int
box_scale 5 float =0.5
class_scale 6 float =0.5
noobject_scale 7 float =0.5
object_scale 8 float =0.5
rescore 9 bool =true
constraint 10 bool =true
thresh 11 float =0.7
""",
    "Yolov3DetectionOutputParameter": """\
num_classes 1 uint =20
num_box 2 uint =3
confidence_threshold 3 float =0.01
nms_threshold 4 float =0.45
biases 5 float*
anchors_scale 6 uint*
mask_group_num 7 uint =2
mask 8 uint*
""",
    "YoloV3LossParameter": """\
anchors 1 int*
mask 2 int*
side 3 int
num_classes 4 int
num_object 5 int
total_object 6 int
ignore_thresh 7 float =0.7
truth_thresh 8 float =1.0
net_w 9 int
net_h 10 int
""",
    "Yolov3Parameter": """\
side 1 uint =13
num_class 2 uint =20
num 3 uint =5
object_scale 4 float =1.0
class_scale 5 float =1.0
noobject_scale 6 float =0.5
coord_scale 7 float =5.0
thresh 8 float =0.2
anchors_scale 10 uint =32
biases 11 float*
mask 12 uint*
use_logic_gradient 13 bool =false
""",
    "BatchReductionParameter": """\
level 1 int*
reduction_param 2 message ReductionParameter
pos 3 bool =false
""",
    "BNParameter": """\
scale_filler 1 message FillerParameter
shift_filler 2 message FillerParameter
bn_mode 3 enum BNParameter.BNMode =LEARN
slope_filler 1 message FillerParameter
bias_filler 2 message FillerParameter
momentum 3 float =0.9
eps 4 float =1e-05
frozen 5 bool =false
engine 6 enum BNParameter.Engine =DEFAULT
""",
    "DenseImageDataParameter": """\
source 1 string
batch_size 2 uint
rand_skip 3 uint =0
shuffle 4 bool =false
new_height 5 uint =0
new_width 6 uint =0
is_color 7 bool =true
mean_file 8 string
root_folder 9 string =
""",
    "InterpParameter": """\
height 1 int =0
width 2 int =0
zoom_factor 3 int =1
shrink_factor 4 int =1
pad_beg 5 int =0
pad_end 6 int =0
""",
    "UpsampleParameter": """\
scale 1 uint
scale_h 2 uint
scale_w 3 uint
pad_out_h 4 bool =false
pad_out_w 5 bool =false
upsample_h 6 uint
upsample_w 7 uint
""",
    "BlackAugmentationParameter": """\
black 10 message RandomGeneratorParameter
border 11 message RandomGeneratorParameter
""",
    "DownsampleParameter": """\
top_height 1 uint =0
top_width 2 uint =0
""",
    "L1LossParameter": """\
l2_per_location 1 bool =false
l2_prescale_by_channels 2 bool =false
normalize_by_num_entries 3 bool =false
epsilon 4 float =0.01
plateau 3001 float =0.0
""",
    "LpqLossParameter": """\
pq_episode_starts_at_iter 4010 uint*
p 4011 float*
q 4012 float*
p_epsilon 4013 float =0.0
q_epsilon 4014 float =0.01
l2_prescale_by_channels 4016 bool =false
normalize_by_num_entries 4017 bool =false
""",
    "MeanParameter": """\
operation 1 enum MeanParameter.MeanOperation
file 2 string
value 3 float*
mean_scale 4 float =1.0
input_scale 5 float =1.0
output_scale 6 float =1.0
""",
    "ReaderParameter": """\
file 1 string
num 2 uint =1
""",
    "WriterParameter": """\
file 1 string =
folder 2 string =
prefix 3 string =
suffix 4 string =
normalize 5 bool =false
scale 6 float =1.0
""",
    "AccumParameter": """\
top_height 1 uint =0
top_width 2 uint =0
size_divisible_by 3 uint =0
have_reference 4 bool =false
""",
    "AugmentationParameter": """\
write_augmented 2 string =
max_multiplier 3 float =255.0
augment_during_test 4 bool =false
recompute_mean 5 uint =0
write_mean 6 string =
mean_per_pixel 7 bool =true
mode 8 string =add
mirror 10 message RandomGeneratorParameter
translate 11 message RandomGeneratorParameter
rotate 12 message RandomGeneratorParameter
zoom 13 message RandomGeneratorParameter
squeeze 14 message RandomGeneratorParameter
translate_x 15 message RandomGeneratorParameter
translate_y 16 message RandomGeneratorParameter
mean 18 float*
lmult_pow 20 message RandomGeneratorParameter
lmult_mult 21 message RandomGeneratorParameter
lmult_add 22 message RandomGeneratorParameter
sat_pow 23 message RandomGeneratorParameter
sat_mult 24 message RandomGeneratorParameter
sat_add 25 message RandomGeneratorParameter
col_pow 26 message RandomGeneratorParameter
col_mult 27 message RandomGeneratorParameter
col_add 28 message RandomGeneratorParameter
ladd_pow 29 message RandomGeneratorParameter
ladd_mult 30 message RandomGeneratorParameter
ladd_add 31 message RandomGeneratorParameter
col_rotate 32 message RandomGeneratorParameter
crop_width 33 uint =0
crop_height 34 uint =0
gamma 35 message RandomGeneratorParameter
brightness 36 message RandomGeneratorParameter
contrast 37 message RandomGeneratorParameter
color 38 message RandomGeneratorParameter
bottomwidth 80 uint =0
bottomheight 81 uint =0
num 82 uint =0
chromatic_eigvec 83 float*
fog_amount 100 message RandomGeneratorParameter
fog_size 101 message RandomGeneratorParameter
motion_blur_angle 102 message RandomGeneratorParameter
motion_blur_size 103 message RandomGeneratorParameter
shadow_angle 104 message RandomGeneratorParameter
shadow_distance 105 message RandomGeneratorParameter
shadow_strength 106 message RandomGeneratorParameter
noise 107 message RandomGeneratorParameter
""",
    "CoeffScheduleParameter": """\
half_life 1 float =1.0
initial_coeff 2 float =1.0
final_coeff 3 float =1.0
""",
    "CorrelationParameter": """\
pad 2 uint =0
kernel_size 3 uint
max_displacement 4 uint
stride_1 5 uint =1
stride_2 6 uint =1
do_abs 7 bool =false
single_direction 8 int =0
correlation_type 15 enum CorrelationParameter.CorrelationType =MULTIPLY
""",
    "FlowWarpParameter": """\
fill_value 1 enum FlowWarpParameter.FillParameter =ZERO
""",
    "RandomGeneratorParameter": """\
rand_type 1 string =uniform
exp 2 bool =false
mean 4 float =0.0
spread 5 float =0.0
prob 6 float =1.0
apply_schedule 7 bool =true
discretize 8 bool =false
multiplier 9 float =1.0
""",
    "ResampleParameter": """\
width 1 uint
height 2 uint
type 3 enum ResampleParameter.ResampleType =LINEAR
antialias 4 bool =true
factor 5 float =1.0
""",
    "ContinuationIndicatorParameter": """\
time_step 1 uint =0
batch_size 2 uint =0
""",
    "MnActivationParameter": """\
num_nodes_in 1 uint
num_nodes_out 2 uint
model_parts_in 3 uint =1
model_parts_out 4 uint =1
need_reduce 5 bool =true
""",
    "MnParamGradCompressParameter": """\
param_grad_compress_enable 1 bool*
""",
    "MultinodeLayerParameter": """\
num_nodes 1 uint
model_parts 2 uint =1
""",
    "QuantizationParameter": """\
precision 1 enum QuantizationParameter.Precision =DYNAMIC_FIXED_POINT
rounding_scheme 2 enum QuantizationParameter.Rounding =NEAREST
bw_layer_in 3 uint =32
bw_layer_out 4 uint =32
bw_params 5 uint =32
fl_layer_in 6 int*
fl_layer_out 7 int*
fl_params 8 int*
scale_in 20 float*
scale_out 21 float*
scale_params 22 float*
""",
    "SpatialDropoutParameter": """\
dropout_ratio 1 float =0.5
""",
    "SplitParameter": """\
engine 1 enum SplitParameter.Engine =DEFAULT
""",
    "RandomResizeParameter": """\
min_size 1 uint =0
max_size 2 uint =0
resize_param 3 message ResizeParameter
""",
    "RandomAspectRatioParameter": """\
min_area_ratio 1 float =0.5
max_area_ratio 2 float =1.0
aspect_ratio_change 3 float =1.0
max_attempt 4 uint =10
resize_param 5 message ResizeParameter
""",
    "DetectNetAugmentationParameter": """\
crop_prob 1 float =1.0
shift_x 2 uint =0
shift_y 3 uint =0
scale_prob 4 float =0.33
scale_min 5 float =0.7
scale_max 6 float =1.0
flip_prob 7 float =0.33
rotation_prob 8 float =0.33
max_rotate_degree 9 float =1.0
hue_rotation_prob 10 float =0.33
hue_rotation 11 float =15.0
desaturation_prob 12 float =0.33
desaturation_max 13 float =0.5
resize_param 208 message ResizeParameter
noise_param 209 message NoiseParameter
emit_constraint 210 message EmitConstraint
distort_param 213 message DistortionParameter
expand_param 214 message ExpansionParameter
""",
    "DetectNetGroundTruthParameter": """\
stride 1 uint =4
scale_cvg 2 float =0.5
gridbox_type 3 enum DetectNetGroundTruthParameter.GridboxType =GRIDBOX_MAX
max_cvg_len 4 uint =50
min_cvg_len 5 uint =50
coverage_type 7 enum DetectNetGroundTruthParameter.CoverageType =RECTANGULAR
image_size_x 8 uint =1248
image_size_y 9 uint =384
obj_norm 11 bool =false
crop_bboxes 12 bool =true
object_class 13 message* DetectNetGroundTruthParameter.ClassMapping
""",
    "DetectNetGroundTruthParameter.ClassMapping": """\
src 1 uint
dst 2 uint
""",
    "ProposalParameter": """\
feat_stride 1 uint =16
base_size 2 uint =16
min_size 3 uint =16
ratio 4 float*
scale 5 float*
pre_nms_topn 6 uint =6000
post_nms_topn 7 uint =300
nms_thresh 8 float =0.7
""",
    "RegionYoloParameter": """\
coords 1 int =4
classes 2 int =20
num 3 int =1
do_softmax 4 bool =true
anchors 5 float*
mask 6 int*
""",
    "ReorgYoloParameter": """\
stride 1 int =1
""",
    "ROIWarpingParameter": """\
pooled_h 1 uint =0
pooled_w 2 uint =0
spatial_scale 3 float =1.0
""",
    "ChannelPermutationAction": """\
chan 1 uint
copy 2 uint
fill 3 float
""",
    "ChannelPermutationParameter": """\
action 1 message* ChannelPermutationAction
num_output 16 uint
inplace_possible 17 bool =false
version 18 int =0
""",
    "CosineSimilarityBatchParameter": """\
pos_label 1 double =1.0
neg_label 2 double =-1.0
""",
    "CTCDecoderParameter": """\
blank_index 1 int =-1
ctc_merge_repeated 2 bool =true
""",
    "CTCLossParameter": """\
output_delay 1 int =0
blank_index 2 int =-1
preprocess_collapse_repeated 3 bool =false
ctc_merge_repeated 4 bool =true
loss_calculation_t 5 int =0
""",
    "GRNParameter": """\
bias 1 float =1.0
""",
    "LocLossParameter": """\
threshold 1 double
""",
    "PowerFileParameter": """\
shift_file 1 string
""",
    "RandomSamplingSoftmaxLossParameter": """\
random_sampling_num 1 int =100
random_sampling_policy 2 string =random
""",
    "ReLU6Parameter": """\
n 1 float =6.0
""",
    "ReverseParameter": """\
axis 1 int =0
""",
    "ShuffleChannelParameter": """\
group 1 uint =1
""",
    "SpatialTransformerParameter": """\
transform_type 1 string =affine
sampler_type 2 string =bilinear
output_H 3 int
output_W 4 int
to_compute_dU 5 bool =true
theta_1_1 6 double
theta_1_2 7 double
theta_1_3 8 double
theta_2_1 9 double
theta_2_2 10 double
theta_2_3 11 double
de_transform 12 bool =false
""",
    "STLossParameter": """\
output_H 1 int
output_W 2 int
""",
}

ENUMS: dict[str, str] = {
    "FillerParameter.VarianceNorm": """\
FAN_IN 0
FAN_OUT 1
AVERAGE 2
""",
    "Phase": """\
TRAIN 0
TEST 1
""",
    "ParamSpec.DimCheckMode": """\
STRICT 0
PERMISSIVE 1
""",
    "LossParameter.NormalizationMode": """\
FULL 0
VALID 1
BATCH_SIZE 2
NONE 3
PRE_FIXED 3
""",
    "ConvolutionParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKL2017 3
MKLDNN 4
""",
    "DataParameter.DB": """\
LEVELDB 0
LMDB 1
""",
    "EltwiseParameter.EltwiseOp": """\
PROD 0
SUM 1
MAX 2
""",
    "HingeLossParameter.Norm": """\
L1 1
L2 2
""",
    "LRNParameter.NormRegion": """\
ACROSS_CHANNELS 0
WITHIN_CHANNEL 1
""",
    "LRNParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKL2017 3
MKLDNN 4
""",
    "PoolingParameter.PoolMethod": """\
MAX 0
AVE 1
STOCHASTIC 2
""",
    "PoolingParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKL2017 3
MKLDNN 4
""",
    "PoolingParameter.RoundMode": """\
CEIL 0
FLOOR 1
""",
    "ReductionParameter.ReductionOp": """\
SUM 1
ASUM 2
SUMSQ 3
MEAN 4
""",
    "ReLUParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKL2017 3
MKLDNN 4
""",
    "SigmoidParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "SoftmaxParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "SPPParameter.PoolMethod": """\
MAX 0
AVE 1
STOCHASTIC 2
""",
    "SPPParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "TanHParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "V1LayerParameter.LayerType": """\
NONE 0
ACCURACY 1
BNLL 2
CONCAT 3
CONVOLUTION 4
DATA 5
DROPOUT 6
EUCLIDEAN_LOSS 7
FLATTEN 8
HDF5_DATA 9
HDF5_OUTPUT 10
IM2COL 11
IMAGE_DATA 12
INFOGAIN_LOSS 13
INNER_PRODUCT 14
LRN 15
MULTINOMIAL_LOGISTIC_LOSS 16
POOLING 17
RELU 18
SIGMOID 19
SOFTMAX 20
SOFTMAX_LOSS 21
SPLIT 22
TANH 23
WINDOW_DATA 24
ELTWISE 25
POWER 26
SIGMOID_CROSS_ENTROPY_LOSS 27
HINGE_LOSS 28
MEMORY_DATA 29
ARGMAX 30
THRESHOLD 31
DUMMY_DATA 32
SLICE 33
MVN 34
ABSVAL 35
SILENCE 36
CONTRASTIVE_LOSS 37
EXP 38
DECONVOLUTION 39
IMAGE_SEG_DATA 39
""",
    "V1LayerParameter.DimCheckMode": """\
STRICT 0
PERMISSIVE 1
""",
    "V0LayerParameter.PoolMethod": """\
MAX 0
AVE 1
STOCHASTIC 2
""",
    "AnnotatedDatum.AnnotationType": """\
BBOX 0
""",
    "MultiBoxLossParameter.LocLossType": """\
L2 0
SMOOTH_L1 1
""",
    "MultiBoxLossParameter.ConfLossType": """\
SOFTMAX 0
LOGISTIC 1
""",
    "MultiBoxLossParameter.MatchType": """\
BIPARTITE 0
PER_PREDICTION 1
""",
    "MultiBoxLossParameter.MiningType": """\
NONE 0
MAX_NEGATIVE 1
HARD_EXAMPLE 2
""",
    "PriorBoxParameter.CodeType": """\
CORNER 1
CENTER_SIZE 2
CORNER_SIZE 3
""",
    "ResizeParameter.Resize_mode": """\
WARP 1
FIT_SMALL_SIZE 2
FIT_LARGE_SIZE_AND_PAD 3
""",
    "ResizeParameter.Pad_mode": """\
CONSTANT 1
MIRRORED 2
REPEAT_NEAREST 3
""",
    "ResizeParameter.Interp_mode": """\
LINEAR 1
AREA 2
NEAREST 3
CUBIC 4
LANCZOS4 5
""",
    "EmitConstraint.EmitType": """\
CENTER 0
MIN_OVERLAP 1
""",
    "VideoDataParameter.VideoType": """\
WEBCAM 0
VIDEO 1
""",
    "EvalDetectionParameter.ScoreType": """\
OBJ 0
PROB 1
MULTIPLY 2
""",
    "MishParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "BNParameter.BNMode": """\
LEARN 0
INFERENCE 1
""",
    "BNParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
    "DataParameter.RANDPERMORDER": """\
FIRST_PERMUTE_THEN_RANGE 0
FIRST_RANGE_THEN_PERMUTE 1
""",
    "DataParameter.CHANNELENCODING": """\
UINT8 1
UINT16FLOW 2
BOOL1 3
""",
    "MeanParameter.MeanOperation": """\
ADD 1
SUBTRACT 4
""",
    "CorrelationParameter.CorrelationType": """\
MULTIPLY 0
SUBTRACT 1
""",
    "FlowWarpParameter.FillParameter": """\
ZERO 1
NOT_A_NUMBER 2
""",
    "ResampleParameter.ResampleType": """\
NEAREST 1
LINEAR 2
CUBIC 3
AREA 4
""",
    "BatchNormParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKL2017 3
MKLDNN 4
""",
    "ConcatParameter.Engine": """\
DEFAULT 0
CAFFE 1
MKL2017 3
MKLDNN 4
""",
    "EltwiseParameter.Engine": """\
DEFAULT 0
CAFFE 1
MKL2017 3
MKLDNN 4
""",
    "InnerProductParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
MKLDNN 3
""",
    "QuantizationParameter.Precision": """\
DYNAMIC_FIXED_POINT 0
""",
    "QuantizationParameter.Rounding": """\
NEAREST 0
""",
    "SplitParameter.Engine": """\
DEFAULT 0
CAFFE 1
MKL2017 3
MKLDNN 4
""",
    "Type": """\
DOUBLE 0
FLOAT 1
FLOAT16 2
INT 3
UINT 4
BOOL 5
""",
    "ConvolutionParameter.CuDNNConvolutionAlgorithmSeeker": """\
GET 0
FINDEX 1
""",
    "DetectNetGroundTruthParameter.GridboxType": """\
GRIDBOX_MAX 0
GRIDBOX_MIN 1
""",
    "DetectNetGroundTruthParameter.CoverageType": """\
RECTANGULAR 0
""",
    "DropoutParameter.Engine": """\
DEFAULT 0
CAFFE 1
CUDNN 2
""",
}
